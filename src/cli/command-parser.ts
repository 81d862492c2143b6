// The build replaces this module by a bundle of what it exports: the package has no dependency.
export { Command, CommanderError, InvalidArgumentError, Option } from 'commander';

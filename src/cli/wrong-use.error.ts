/** The command line asks for what is not done. Its message says what to do instead. */
export class WrongUseError extends Error {}

#!/usr/bin/env node
import { runProgram } from './program.js';

const code = await runProgram(process.argv);
// Standard input may still be open, which would keep the process running.
process.stdout.write('', () => process.exit(code));

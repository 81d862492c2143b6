#!/usr/bin/env node
import { runProgram } from './program.js';

const code = await runProgram(process.argv);
// Standard input may still be open, and nobody waits for it any more.
process.stdout.write('', () => process.exit(code));

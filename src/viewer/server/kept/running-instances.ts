import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { sharedState } from '../../../records/shared-state.js';

/** What tells a process from others, also from those that had its number before. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** When it was started, as the system says it; empty where that is not known. */
  readonly started: string;
}

/** The runs of applications in this process that write segments. */
export const ownInstances = sharedState('viewer-instances', () => new Set<string>());

export function ownIdentity(): ProcessIdentity {
  return { host: hostname(), pid: process.pid, started: startOf(process.pid) };
}

/**
 * Whether a run of an application is still running. One on another host, such as a container that has
 * been replaced, is not.
 */
export function isRunning(instance: string, { host, pid, started }: ProcessIdentity): boolean {
  if (host !== hostname()) return false;
  if (pid === process.pid) return ownInstances.has(instance);
  try {
    process.kill(pid, 0);
  } catch (error) {
    // A process of another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return startOf(pid) === started;
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the command, in parentheses, may have anything in it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    // Not Linux: the number of the process has to be enough.
    return '';
  }
}

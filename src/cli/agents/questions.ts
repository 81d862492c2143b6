import type { ViewStore } from '../../viewer/store/view-store.js';
import { problemAnswer, type Answer, type Work } from '../../viewer/summary/answers/answer.js';
import { TOOLS, WAIT_TOOL } from '../../viewer/agents/tools.js';
import { inputProblem } from '../../viewer/agents/tool-input.js';
import { atOnce } from '../../viewer/receiver/slices.js';

/** Answers a tool from records that were read already. */
export function answerFrom(store: ViewStore, name: string, input: object): Answer {
  const { input: schemas, required, answer } = TOOLS[name]!;
  const problem = inputProblem(schemas, required, input);
  if (problem !== undefined) return problemAnswer(problem);
  if (name === WAIT_TOOL || answer === undefined) {
    return problemAnswer('A file is not waited for. Ask a running application with --url.');
  }
  const work: Work<Answer> = answer(store, input);
  return atOnce(work);
}

import { ServiceUnavailableException } from '@nestjs/common';
import { FAULTS_URL } from '../own-routes.js';

/** The answer of one of the routes of the faults, or its failure. */
export async function answerOf(path: string): Promise<unknown> {
  const response = await fetch(`${FAULTS_URL}/${path}`);
  const answer = (await response.json()) as { message?: string };
  if (response.ok) return answer;
  throw new ServiceUnavailableException(answer.message);
}

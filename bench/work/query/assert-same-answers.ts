import { deepStrictEqual } from 'node:assert';
import type { HttpPost } from '../../support/load/write-requests.ts';

/** All must do the same work: the same question is answered with the same data. */
export async function assertSameAnswers(urls: readonly string[], question: HttpPost): Promise<void> {
  const answers = await Promise.all(urls.map((url) => ask(url, question)));
  for (const answer of answers) deepStrictEqual(answer, answers[0]);
}

async function ask(url: string, { path, body, headers = {} }: HttpPost): Promise<unknown> {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  return response.json();
}

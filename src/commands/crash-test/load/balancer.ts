import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { codeOf } from '../../../lib/error-code.ts';
import type { Random } from '../random.ts';
import type { CallbackPost } from '../proof/facts.ts';
import type { Malipo } from '../servers/malipo.ts';

type Posting = { path: string; body: Buffer };

/** How often the network says a callback again, beside the first time. */
const copies = [0, 2, 6, 10, 14, 20, 28, 40] as const;
/** One copy in eight comes late, when the payment may long be settled. */
const lateShare = 1 / 8;
const lateMaxMs = 10_000;

/**
 * Stands between M-Pesa and the Malipo processes as a load balancer does: it hands a post to the next process, and to
 * another only where the connection was refused, so that nobody can have read it. What became of a post whose answer
 * is lost it does not know and does not try again. Beside that it is a bad network: it repeats posts, at once to all
 * processes, and late. It writes down every post and its answer.
 */
export class Balancer implements AsyncDisposable {
  readonly posts: CallbackPost[] = [];
  /** What was posted, by its hash. */
  readonly bodies = new Map<string, Buffer>();
  /** How many of the posts are repeats of our own. */
  duplicates = 0;
  readonly #malipos: readonly Malipo[];
  readonly #random: Random;
  readonly #server = createServer((request, response) => void this.#take(request, response));
  readonly #late = new Set<NodeJS.Timeout>();
  #underWay = 0;
  #turn = 0;

  constructor(malipos: readonly Malipo[], random: Random) {
    this.#malipos = malipos;
    this.#random = random;
  }

  /** Gives its address, which it needs before the processes that it serves are there. */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Whether no post is on its way and none is to be repeated. */
  get isIdle(): boolean {
    return this.#underWay === 0 && this.#late.size === 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#late) clearTimeout(timer);
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const posting = { path: request.url ?? '', body: await buffer(request) };
      this.#repeat(posting);
      const { status, text } = await this.#forward(posting);
      response.writeHead(status ?? 502, { 'content-type': 'application/json' }).end(text);
    } catch {
      // The sender went away.
      response.destroy();
    }
  }

  #repeat(posting: Posting): void {
    for (let copy = this.#random.pick(copies); copy > 0; copy -= 1) {
      this.duplicates += 1;
      if (this.#random.next() >= lateShare) void this.#forward(posting);
      else this.#forwardLate(posting);
    }
  }

  #forwardLate(posting: Posting): void {
    const timer = setTimeout(() => {
      this.#late.delete(timer);
      void this.#forward(posting);
    }, this.#random.below(lateMaxMs));
    this.#late.add(timer);
  }

  async #forward(posting: Posting): Promise<{ status: number | null; text: string }> {
    const at = performance.now();
    this.#underWay += 1;
    const answer = await this.#forwardToAny(posting);
    this.#underWay -= 1;
    const hash = createHash('sha256').update(posting.body).digest('hex');
    this.bodies.set(hash, posting.body);
    this.posts.push({
      ...addressIn(posting.path),
      hash,
      status: answer.status,
      at,
      ms: performance.now() - at,
    });
    return answer;
  }

  async #forwardToAny(posting: Posting): Promise<{ status: number | null; text: string }> {
    for (let tries = this.#malipos.length; tries > 0; tries -= 1) {
      const malipo = this.#malipos[this.#turn++ % this.#malipos.length];
      if (malipo === undefined) break;
      try {
        return await forwardTo(malipo, posting);
      } catch (error) {
        if (!isRefused(error)) return { status: null, text: '' };
      }
    }
    return { status: null, text: '' };
  }
}

async function forwardTo({ http }: Malipo, { path, body }: Posting) {
  const headers = { 'content-type': 'application/json' };
  const answer = await http.request({ path, method: 'POST', headers, body });
  return { status: answer.statusCode, text: await answer.body.text() };
}

function isRefused(error: unknown): boolean {
  return codeOf(error) === 'ECONNREFUSED';
}

/** The callback address names its transaction and its attempt: 16 bytes and 2, in hex. */
function addressIn(path: string): { transactionId: string; attempt: number } {
  const [, hex = ''] = /\/cb\/([0-9a-f]{36})/.exec(path) ?? [];
  const parts = [
    [0, 8],
    [8, 12],
    [12, 16],
    [16, 20],
    [20, 32],
  ] as const;
  const transactionId = parts.map(([from, to]) => hex.slice(from, to)).join('-');
  return { transactionId, attempt: Number.parseInt(hex.slice(32), 16) };
}

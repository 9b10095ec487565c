import { sleep } from '../../../lib/sleep.ts';
import { LabError } from '../lab-error.ts';
import { startProcess, type Command, type OwnProcess } from './own-process.ts';
import { pauseProcesses } from './pause-processes.ts';

export type Recipe = {
  name: string;
  command: Command;
  /** Whether it would serve us now. May throw where it would not. */
  isReady(): Promise<boolean>;
  /** The processes that are to stop with it for a pause. */
  helpers?(): Promise<readonly number[]>;
  /** How it is told to end when all is over. */
  farewell?: NodeJS.Signals;
};

const restartPauseMs = 200;
const startTimeoutMs = 60_000;

/** A server that is started again whenever it ends, until it is told to stop. */
export class Service implements AsyncDisposable {
  readonly name: string;
  /** How often it ended although nobody had ended it. */
  crashes = 0;
  /** On the clock of `performance.now()`. */
  startedAt = 0;
  readonly #recipe: Recipe;
  #process: OwnProcess | null = null;
  #isWanted = false;

  constructor(recipe: Recipe) {
    this.name = recipe.name;
    this.#recipe = recipe;
  }

  get isRunning(): boolean {
    return this.#process?.isAlive() ?? false;
  }

  /** Nothing happens where it runs: two faults may have struck the same one. */
  start(): void {
    this.#isWanted = true;
    if (this.isRunning) return;
    this.startedAt = performance.now();
    const started = startProcess(this.#recipe.command);
    this.#process = started;
    void this.#startAgainAfter(started);
  }

  /** Resolves when it serves. */
  async ready(signal?: AbortSignal): Promise<void> {
    const giveUpAt = performance.now() + startTimeoutMs;
    while (!(await this.#recipe.isReady().catch(() => false))) {
      signal?.throwIfAborted();
      if (performance.now() > giveUpAt) {
        throw new LabError(`${this.name} does not serve; it says why in ${this.#recipe.command.log}`);
      }
      await sleep(50, signal);
    }
  }

  /** Ends it by a signal; with `SIGKILL` it has no time for last words. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    this.#isWanted = false;
    this.#process?.signal(signal);
    await this.#process?.exited;
  }

  async restart(signal: NodeJS.Signals, awayMs: number, abort?: AbortSignal): Promise<void> {
    await this.stop(signal);
    await sleep(awayMs, abort);
    this.start();
  }

  /** Stops it in the middle of what it does, for a while: to all others it looks alive and says nothing. */
  async pause(ms: number, abort?: AbortSignal): Promise<void> {
    const paused = this.#process;
    if (paused === null || !paused.isAlive()) return;
    const helpers = (await this.#recipe.helpers?.().catch(() => [])) ?? [];
    using _pause = pauseProcesses([paused.pid, ...helpers]);
    await Promise.race([sleep(ms, abort), paused.exited]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const deadline = setTimeout(() => this.#process?.signal('SIGKILL'), 10_000);
    await this.stop(this.#recipe.farewell ?? 'SIGKILL');
    clearTimeout(deadline);
  }

  async #startAgainAfter(ended: OwnProcess): Promise<void> {
    await ended.exited;
    if (!this.#isWanted || this.#process !== ended) return;
    this.crashes += 1;
    await sleep(restartPauseMs);
    if (this.#mayStart(ended)) this.start();
  }

  /** It may have been told to stop, or started by another hand, in the meantime. */
  #mayStart(ended: OwnProcess): boolean {
    return this.#isWanted && this.#process === ended;
  }
}

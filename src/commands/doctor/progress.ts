import type { WriteStream } from 'node:tty';

const clearLine = '\r\u001B[2K';

/**
 * One line on a terminal that says what is waited for. Where there is no terminal, the findings, which come one by one,
 * are enough.
 */
export class Progress {
  readonly #stream: Pick<WriteStream, 'isTTY' | 'write' | 'columns'>;
  readonly #running = new Set<string>();

  constructor(stream: Pick<WriteStream, 'isTTY' | 'write' | 'columns'>) {
    this.#stream = stream;
  }

  started(check: string): void {
    this.#running.add(check);
    this.show();
  }

  ended(check: string): void {
    this.#running.delete(check);
  }

  show(): void {
    const line = `… ${[...this.#running].join(', ')}`.slice(0, this.#stream.columns - 1);
    this.#write(this.#running.size === 0 ? clearLine : clearLine + line);
  }

  /** Before anything else is written to the terminal. */
  clear(): void {
    this.#write(clearLine);
  }

  #write(text: string): void {
    if (this.#stream.isTTY) this.#stream.write(text);
  }
}

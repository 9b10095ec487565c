import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a child can be asked, by name. Arguments and answers pass as messages between the processes do. */
export type Questions = { [name: string]: (data: never) => unknown };

export type Child<Asked extends Questions> = AsyncDisposable & {
  pid: number;
  isAlive(): boolean;
  ask: <Name extends string & keyof Asked>(
    name: Name,
    ...data: Parameters<Asked[Name]>
  ) => Promise<Awaited<ReturnType<Asked[Name]>>>;
};

export type ChildSettings = {
  arguments?: readonly string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** A way to end that takes longer than a signal is not waited for any longer than this. */
  endMsMax?: number;
};

type Answer = { number: number; result?: unknown; error?: string };
type Pending = { resolve: (result: never) => void; reject: (error: Error) => void };

/** Runs `file` in a process of its own which `answerParent` makes answer. It is ended with SIGTERM. */
export function startChild<Asked extends Questions>(
  file: URL,
  { arguments: execArgv = [], env = process.env, cwd, endMsMax = 30_000 }: ChildSettings = {},
): Child<Asked> {
  const child = fork(fileURLToPath(file), [], {
    execArgv: [...execArgv],
    env,
    ...(cwd === undefined ? {} : { cwd }),
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  const pending = new Map<number, Pending>();
  let asked = 0;
  child.on('message', (message) => {
    const { number, result, error } = message as Answer;
    const waiting = pending.get(number);
    pending.delete(number);
    if (error === undefined) waiting?.resolve(result as never);
    else waiting?.reject(new Error(error));
  });
  child.once('exit', () => {
    for (const { reject } of pending.values()) reject(new Error(`${file.pathname} has ended`));
    pending.clear();
  });
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    pid: child.pid ?? 0,
    isAlive,
    ask: (name, ...data) =>
      new Promise((resolve, reject) => {
        if (!isAlive()) return reject(new Error(`${file.pathname} has ended`));
        const number = (asked += 1);
        pending.set(number, { resolve, reject });
        child.send({ number, name, data: data[0] });
      }),
    async [Symbol.asyncDispose]() {
      if (!isAlive()) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const impatience = setTimeout(() => child.kill('SIGKILL'), endMsMax);
      await exited;
      clearTimeout(impatience);
    },
  };
}

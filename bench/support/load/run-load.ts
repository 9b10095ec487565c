import { openConnection, type Connection } from './connection.ts';
import type { LoadJob, LoadResult } from './job.ts';
import { createLatencies } from './latencies.ts';
import { readRequests, type Requests } from './read-requests.ts';

/** Ready to run, with all connections open: `go` sends for as long as it was asked to and waits for the last answer. */
export type PreparedLoad = { go(): Promise<LoadResult> };

const checkEvery = 16;
const faultsKept = 5;
/** For the last answers. */
const patienceMs = 10_000;

export async function prepareLoad(job: LoadJob): Promise<PreparedLoad> {
  const requests = readRequests(job.file);
  const latencies = createLatencies();
  const faults: string[] = [];
  let [sent, ok, answered, faultCount] = [0, 0, 0, 0];
  let [startedAt, endsAt, lastAt, isClosing] = [0, 0, 0, false];
  const idle: Line[] = [];
  /** When requests were to be sent that wait for a connection. */
  const due: number[] = [];
  const done = Promise.withResolvers<undefined>();

  const lines = await Promise.all(
    Array.from({ length: job.connections }, () =>
      openLine(job.port, { answered: (line, status, body) => note(line, status, body), broke: fault }),
    ),
  );

  function note(line: Line, status: number, readBody: () => string): void {
    lastAt = performance.now();
    latencies.add(lastAt - line.since);
    answered += 1;
    if (status === 200) ok += 1;
    if (status !== 200) fault(new Error(`Answered ${status}: ${readBody().slice(0, 300)}`));
    else if (answered % checkEvery === 1) checkBody(readBody());
    if (job.perSecond === null) next(line, lastAt);
    else {
      idle.push(line);
      sendDue();
    }
  }

  function checkBody(body: string): void {
    if (!body.includes(job.mustContain)) fault(new Error(`Answered with ${body.slice(0, 300)}`));
  }

  function next(line: Line, since: number): void {
    if (since < endsAt && hasMore(job, requests, sent)) send(line, since);
    else if (answered === sent) done.resolve(undefined);
  }

  function send(line: Line, since: number): void {
    line.since = since;
    line.connection.send(requests.at(sent % requests.count));
    sent += 1;
  }

  function sendDue(): void {
    while (due.length > 0 && idle.length > 0) {
      const [line, since] = [idle.pop(), due.shift()];
      if (line !== undefined && since !== undefined) send(line, since);
    }
    if (performance.now() >= endsAt && due.length === 0 && answered === sent) done.resolve(undefined);
  }

  /** Every millisecond, what has become due since. */
  async function sendAtRate(perSecond: number): Promise<void> {
    idle.push(...lines);
    for (let planned = 0; performance.now() < endsAt;) {
      const now = performance.now();
      for (; startedAt + (planned * 1000) / perSecond <= now; planned += 1) {
        if (hasMore(job, requests, planned)) due.push(startedAt + (planned * 1000) / perSecond);
      }
      sendDue();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    sendDue();
  }

  function fault(error: Error): void {
    if (isClosing) return;
    faultCount += 1;
    if (faults.length < faultsKept) faults.push(error.message);
  }

  return {
    async go() {
      const before = process.cpuUsage();
      startedAt = performance.now();
      endsAt = startedAt + job.seconds * 1000;
      if (job.perSecond === null) for (const line of lines) next(line, startedAt);
      else await sendAtRate(job.perSecond);
      const timer = setTimeout(() => done.resolve(undefined), job.seconds * 1000 + patienceMs);
      await done.promise;
      clearTimeout(timer);
      if (answered !== sent) fault(new Error(`${sent - answered} requests were not answered`));
      isClosing = true;
      for (const { connection } of lines) connection.close();
      const { user, system } = process.cpuUsage(before);
      const seconds = (lastAt - startedAt) / 1000;
      return {
        sent,
        ok,
        seconds,
        cpuSeconds: (user + system) / 1e6,
        ...latencies.summary(),
        faults,
        faultCount,
      };
    },
  };
}

function hasMore({ isOnce }: LoadJob, { count }: Requests, sent: number): boolean {
  return !isOnce || sent < count;
}

/** A connection, and since when its request has been under way. */
type Line = { connection: Connection; since: number };

type LineEvents = {
  answered: (line: Line, status: number, readBody: () => string) => void;
  broke: (error: Error) => void;
};

async function openLine(port: number, { answered, broke }: LineEvents): Promise<Line> {
  const line: Line = {
    since: 0,
    connection: await openConnection(port, {
      answered: (status, readBody) => answered(line, status, readBody),
      broke,
    }),
  };
  return line;
}

import { openLane, type HttpLane, type LaneAnswer } from './http-lane.ts';

/** As many connections as are needed at once, each used again. */
export type PostLanes = Disposable & {
  post(path: string, body: string): Promise<LaneAnswer>;
  /** How many were needed at most. */
  readonly opened: number;
};

export function createPostLanes(port: number, headers: Readonly<Record<string, string>> = {}): PostLanes {
  const idle: HttpLane[] = [];
  const all: HttpLane[] = [];
  const open = (): HttpLane => {
    const lane = openLane(port, headers);
    all.push(lane);
    return lane;
  };
  return {
    get opened() {
      return all.length;
    },
    async post(path, body) {
      const lane = idle.pop() ?? open();
      const answer = await lane.post(path, body);
      idle.push(lane);
      return answer;
    },
    [Symbol.dispose]() {
      for (const lane of all) lane.close();
    },
  };
}

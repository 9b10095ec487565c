/** What happened since the start or the last reset. `pushes` and `queries` count refused ones too. */
export type Stats = {
  oauthTokens: number;
  pushes: number;
  promptsAccepted: number;
  queries: number;
  callbacksSent: number;
  /** Callbacks that got an HTTP answer, whatever its status. */
  callbacksAnswered: number;
};

export function zeroStats(): Stats {
  return {
    oauthTokens: 0,
    pushes: 0,
    promptsAccepted: 0,
    queries: 0,
    callbacksSent: 0,
    callbacksAnswered: 0,
  };
}

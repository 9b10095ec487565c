/** One connection over which hints come and go. When it is lost it is thrown away, and another is made. */
export type HintLink = {
  /** Resolves once hints arrive over it. */
  open(): Promise<void>;
  /** Resolves when the other end has taken the hint. */
  send(hint: string): Promise<unknown>;
  /** Resolves when the other end has answered. */
  ping(): Promise<unknown>;
  /** At once; what is under way is rejected. */
  destroy(): void;
};

export type HintLinkEvents = {
  /** What this process sent comes back to it as well. */
  hint(text: string): void;
  lost(error: Error): void;
};

export type CreateHintLink = (on: HintLinkEvents) => HintLink;

/** `wrong`: something is said that is not so. `crash`: a process ended that nobody had ended. */
export type FindingKind = 'lost' | 'doubled' | 'gap' | 'reordered' | 'wrong' | 'crash';

export type Finding = {
  kind: FindingKind;
  /** Which payment, watcher or process. */
  about: string;
  why: string;
};

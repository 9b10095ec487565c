/** One kind of work that is measured, alone in its file under `bench/work/`. */
export type Work = {
  /** As it is called on the command line. */
  name: string;
  /** What is measured, in one line. */
  summary: string;
  /** What `seconds` is for this work where nobody says. */
  secondsUsual?: number;
  run(options: WorkOptions): Promise<WorkResult>;
};

export type WorkOptions = {
  /** How long each subject is measured in each round, in seconds. */
  seconds: number;
  rounds: number;
  /** Only to see that it works: as little data as will do. */
  isSmoke: boolean;
  /** Whether peers are measured too. */
  withPeers: boolean;
  /** Progress, for whoever waits. */
  tell: (text: string) => void;
};

export type WorkResult = {
  /** One row for each subject (Malipo, a peer, a setting); all rows of a table have the same columns. */
  tables: { title: string; rows: { [column: string]: string | number }[] }[];
  targets: TargetResult[];
};

/** Whether what was aimed at was reached. A ratio holds if the lower end of its interval does. */
export type TargetResult = { target: string; measured: string; holds: boolean };

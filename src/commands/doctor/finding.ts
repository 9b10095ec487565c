/** `skipped`: it could not be looked at, and `saw` says why. Only a `problem` fails the doctor. */
export type FindingStatus = 'ok' | 'warning' | 'problem' | 'skipped';

export type Finding = {
  status: FindingStatus;
  /** Stays the same from version to version, for scripts and for whoever looks it up. */
  code: string;
  saw: string;
  means: string;
  /** Null: nothing. */
  todo: string | null;
};

export const ok = (code: string, saw: string, means: string): Finding => {
  return { status: 'ok', code, saw, means, todo: null };
};

export const warning = (code: string, saw: string, means: string, todo: string): Finding => {
  return { status: 'warning', code, saw, means, todo };
};

export const problem = (code: string, saw: string, means: string, todo: string): Finding => {
  return { status: 'problem', code, saw, means, todo };
};

export const skipped = (code: string, saw: string, means: string, todo: string): Finding => {
  return { status: 'skipped', code, saw, means, todo };
};

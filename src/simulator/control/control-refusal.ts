export type ControlRefusalCode =
  'BAD_JSON' | 'BAD_INPUT' | 'BODY_TOO_LARGE' | 'FORBIDDEN' | 'NOT_FOUND' | 'NOT_OPEN' | 'INTERNAL';

const statuses: Record<ControlRefusalCode, number> = {
  BAD_JSON: 400,
  BAD_INPUT: 400,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  NOT_OPEN: 409,
  BODY_TOO_LARGE: 413,
  INTERNAL: 500,
};

/** Why the control API did not do it; sent as `{code, message, path}`. `path` names the part of the input. */
export class ControlRefusal extends Error {
  readonly status: number;
  readonly body: { code: ControlRefusalCode; message: string; path: readonly string[] };

  constructor(code: ControlRefusalCode, message: string, path: readonly string[] = []) {
    super(message);
    this.name = 'ControlRefusal';
    this.status = statuses[code];
    this.body = { code, message, path };
  }
}

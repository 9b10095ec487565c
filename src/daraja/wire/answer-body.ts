import { printableText } from './printable-text.ts';

/** What Safaricom says went wrong, in its words. `code` is null for plain text, which carries none. */
export type AnswerError = { code: string | null; message: string };

export type AnswerBody = {
  shape: 'json' | 'html' | 'text' | 'empty';
  /** The JSON object as it came, with Safaricom's spelling; null for every other shape. */
  fields: Readonly<Record<string, unknown>> | null;
  error: AnswerError | null;
};

type Fields = Readonly<Record<string, unknown>>;

const nothing: AnswerBody = { shape: 'empty', fields: null, error: null };

/** Reads every shape in which Daraja is known to answer (daraja.md §2.3). Never throws. */
export function readAnswerBody(body: string): AnswerBody {
  const text = body.replace(/^\uFEFF/, '').trim();
  if (text === '') return nothing;
  if (text.startsWith('<')) return { shape: 'html', fields: null, error: null };
  const json = parseJson(text);
  if (isFields(json)) return { shape: 'json', fields: json, error: findError(json) };
  if (json === undefined || typeof json === 'string') return plainText(json ?? text);
  return { shape: 'json', fields: null, error: null };
}

/** One line for a person: `HTTP 500, 500.001.1001 "Merchant does not exist"`. Nothing personal in it. */
export function describeAnswer(status: number, body: AnswerBody, error = body.error): string {
  if (!error) return `HTTP ${status} with ${shapeNames[body.shape]}`;
  const code = error.code === null ? '' : ` ${printableText(error.code)}`;
  return `HTTP ${status},${code} "${printableText(error.message)}"`;
}

const shapeNames: Record<AnswerBody['shape'], string> = {
  json: 'JSON of an unknown shape',
  html: 'an HTML page',
  text: 'plain text',
  empty: 'an empty body',
};

/** The string at `name`, or null when it is absent, empty or not a string. */
export function textField(fields: Fields | null, name: string): string | null {
  const value = fields?.[name];
  return typeof value === 'string' && value.trim() !== '' ? value : null;
}

function plainText(text: string): AnswerBody {
  return text.trim() === '' ? nothing : { shape: 'text', fields: null, error: { code: null, message: text } };
}

function findError(fields: Fields): AnswerError | null {
  return daraja(fields) ?? apigee(fields) ?? soap(fields);
}

/** `{"requestId", "errorCode", "errorMessage"}` */
function daraja(fields: Fields): AnswerError | null {
  const code = textField(fields, 'errorCode');
  const message = textField(fields, 'errorMessage');
  return code === null && message === null ? null : { code, message: message ?? '' };
}

/** `{"fault": {"faultstring", "detail": {"errorcode"}}}`: the gateway in front of Daraja. */
function apigee(fields: Fields): AnswerError | null {
  const fault = objectField(fields, 'fault');
  const code = textField(objectField(fault, 'detail'), 'errorcode');
  return fault && { code, message: textField(fault, 'faultstring') ?? '' };
}

/** `{"Envelope": {"Body": {"Fault": …}}}`: a SOAP fault rendered as JSON. */
function soap(fields: Fields): AnswerError | null {
  const fault = objectField(objectField(objectField(fields, 'Envelope'), 'Body'), 'Fault');
  const source = objectField(objectField(fault, 'detail'), 'source');
  const code = textField(source, 'errorcode') ?? textField(fault, 'faultcode');
  return fault && { code, message: textField(fault, 'faultstring') ?? '' };
}

function objectField(fields: Fields | null, name: string): Fields | null {
  const value = fields?.[name];
  return isFields(value) ? value : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

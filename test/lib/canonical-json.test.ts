import { expect, it } from 'vitest';
import { canonicalJson, type JsonValue } from '../../src/lib/canonical-json.ts';

it.each<[JsonValue, JsonValue]>([
  [
    { a: 1, b: 2 },
    { b: 2, a: 1 },
  ],
  [{ a: { c: [], d: {} } }, { a: { d: {}, c: [] } }],
  [[{ x: 1, y: 2 }], [{ y: 2, x: 1 }]],
  [1.0, 1],
])('%j and %j are the same text', (one, other) => {
  expect(canonicalJson(one)).toBe(canonicalJson(other));
});

it.each<[JsonValue, JsonValue]>([
  [
    [1, 2],
    [2, 1],
  ],
  [1, '1'],
  [null, 'null'],
  [{}, []],
  [{ a: null }, {}],
  [{ a: '1,"b":2' }, { a: '1', b: 2 }],
])('%j and %j are two texts', (one, other) => {
  expect(canonicalJson(one)).not.toBe(canonicalJson(other));
});

it.each<JsonValue>([{ b: [1, { d: null, c: 'ä"\\\n' }], a: true }, [], 'text', -0.5, null])(
  'is JSON again: %j',
  (value) => {
    expect(JSON.parse(canonicalJson(value))).toEqual(value);
  },
);

it('keeps a key that is called __proto__', () => {
  expect(canonicalJson(JSON.parse('{"b":1,"__proto__":{"a":2}}'))).toBe('{"__proto__":{"a":2},"b":1}');
});

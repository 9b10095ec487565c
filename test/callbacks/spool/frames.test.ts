import { describe, expect, it } from 'vitest';
import { frame, readFrames } from '../../../src/callbacks/spool/frames.ts';

const texts = ['{"first":1}', '{"second":2}', '{"third":3}'];
const frames = texts.map((text) => frame(Buffer.from(text)));
const whole = Buffer.concat(frames);
const [first = Buffer.of(), second = Buffer.of(), third = Buffer.of()] = frames;

function read(bytes: Buffer) {
  const { payloads, isDamaged } = readFrames(bytes);
  return { texts: payloads.map(String), isDamaged };
}

describe('framed records', () => {
  it('are read as they were written', () => {
    expect(read(whole)).toEqual({ texts, isDamaged: false });
    expect(read(Buffer.alloc(0))).toEqual({ texts: [], isDamaged: false });
  });

  it('lose no more than the last one when its write was cut short, wherever', () => {
    for (let length = 1; length < third.length; length += 1) {
      const cut = Buffer.concat([first, second, third.subarray(0, length)]);
      expect(read(cut), `${length} bytes of it`).toEqual({ texts: texts.slice(0, 2), isDamaged: false });
    }
  });

  it('are damaged when any bit of one is turned over, and the others are read all the same', () => {
    for (let bit = 0; bit < second.length * 8; bit += 1) {
      const bytes = Buffer.from(whole);
      const at = first.length + (bit >> 3);
      bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (bit & 7)), at);
      expect(read(bytes), `bit ${bit}`).toEqual({ texts: [texts[0], texts[2]], isDamaged: true });
    }
  });

  it('are damaged when the disk has zeros where the last one was', () => {
    const bytes = Buffer.concat([first, second, Buffer.alloc(third.length)]);
    expect(read(bytes)).toEqual({ texts: texts.slice(0, 2), isDamaged: true });
  });

  it('are none of ours beyond 128 KB', () => {
    expect(() => frame(Buffer.alloc(128 * 1024 + 1))).toThrow('131073 bytes');
  });
});

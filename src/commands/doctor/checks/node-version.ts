import type { Check } from '../check.ts';
import { ok, problem } from '../finding.ts';

/** `engines` of package.json. */
const oldestMajor = 24;

export const nodeVersion: Check = {
  name: 'node',
  settings: [],
  after: [],
  run({ nodeVersion: version }) {
    const saw = `Node ${version} runs this.`;
    if (Number.parseInt(version, 10) >= oldestMajor) return [ok('NODE_FITS', saw, 'Malipo runs on it.')];
    return [
      problem(
        'NODE_TOO_OLD',
        saw,
        `Malipo needs Node ${oldestMajor} or later.`,
        'Start it with npm, as in `npm start`: npm ci brings the right Node along. Or install that Node.',
      ),
    ];
  },
};

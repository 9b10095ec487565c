import { join } from 'node:path';

/**
 * What is made once for an installation and not for each start. It goes when `node_modules` goes, and is made again; where
 * it cannot be written or read, all works without it.
 */
export const installationCache = join(import.meta.dirname, '../../node_modules/.cache/malipo');

/** By Node, which looks at the text of each file, and keeps apart what its versions and the machine's users compile. */
export const compiledCode = join(installationCache, 'compiled');

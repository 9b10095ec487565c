import { enableCompileCache } from 'node:module';
import { compiledCode } from './lib/installation-cache.ts';

// Before anything else is loaded, so that none of it is compiled anew at each start.
enableCompileCache(compiledCode);
const { start } = await import('./start.ts');
await start();

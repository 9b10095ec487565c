import { enableCompileCache } from 'node:module';
import { compiledCode } from './lib/installation-cache.ts';

// Before anything else is loaded: compiling it takes a third of a start.
enableCompileCache(compiledCode);
const { start } = await import('./start.ts');
await start();

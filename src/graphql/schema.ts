import { builder } from './builder.ts';
import { limitRootFields } from './limits/limit-root-fields.ts';
import './scalars.ts';
import './queries.ts';
import './key-queries.ts';
import './mutations.ts';
import './operator-mutations.ts';
import './key-mutations.ts';
import './subscriptions.ts';

export const schema = limitRootFields(builder.toSchema());

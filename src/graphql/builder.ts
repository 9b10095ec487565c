import SchemaBuilder from '@pothos/core';
import PrismaPlugin from '@pothos/plugin-prisma';
import RelayPlugin from '@pothos/plugin-relay';
import { getDatamodel, type default as PrismaTypes } from '../database/generated/pothos-types.ts';
import type { JsonObject } from '../transactions/request-rules.ts';
import type { Context } from './context.ts';

export type SchemaTypes = {
  PrismaTypes: PrismaTypes;
  Context: Context;
  DefaultFieldNullability: false;
  Scalars: {
    DateTime: { Input: Date; Output: Date };
    JSONObject: { Input: JsonObject; Output: JsonObject };
    ID: { Input: string; Output: string };
  };
};

export const builder = new SchemaBuilder<SchemaTypes>({
  plugins: [RelayPlugin, PrismaPlugin],
  defaultFieldNullability: false,
  prisma: { client: (context) => context.deps.prisma, dmmf: getDatamodel() },
  relay: {
    nodeQueryOptions: false,
    nodesQueryOptions: false,
    nodeTypeOptions: { description: 'Whatever has a global id.' },
    idFieldOptions: { description: 'Opaque, and unlike the id of anything else here.' },
    pageInfoTypeOptions: { description: 'Where a page lies in its list.' },
    hasNextPageFieldOptions: { description: 'Whether the list goes on after it.' },
    hasPreviousPageFieldOptions: { description: 'Whether the list has anything before it.' },
    startCursorFieldOptions: { description: 'Of its first item; null for an empty page.' },
    endCursorFieldOptions: { description: 'Of its last item; null for an empty page.' },
  },
});

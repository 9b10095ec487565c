/** What a key may do. `payments:read` reaches its client's own payments, `payments:manage` everyone's. */
export const scopes = ['payments:initiate', 'payments:read', 'payments:manage', 'metrics', 'admin'] as const;

export type Scope = (typeof scopes)[number];

export function isScope(text: string): text is Scope {
  return (scopes as readonly string[]).includes(text);
}

import { darajaSettingsProblems } from '../../../daraja/field-rules.ts';
import type { Check } from '../check.ts';
import type { Context } from '../context.ts';
import { ok, problem } from '../finding.ts';

/** Every reason why the server would not start, or would stop at its first word to Daraja. */
export const settings: Check = {
  name: 'settings',
  settings: [],
  after: [],
  run(context) {
    const wrong = context.problems.length > 0 ? context.problems : darajaProblems(context);
    if (wrong.length === 0)
      return [ok('SETTINGS_READ', about(context), 'The server starts with these settings.')];
    return wrong.map((sentence) =>
      problem(
        'SETTING_WRONG',
        `${sentence}.`,
        'The server does not start with it.',
        'Correct it in .env or in the environment. The README lists all settings, with examples in .env.example.',
      ),
    );
  },
};

const meanings = {
  SIMULATOR: 'the simulator, where no money moves',
  SANDBOX: "Safaricom's sandbox, where no money moves",
  PRODUCTION: 'PRODUCTION, where real money moves',
};

function about({ config }: Context): string {
  return `Malipo ${config.version} is set up for ${meanings[config.environment]}.`;
}

function darajaProblems({ config, addresses }: Context): string[] {
  return darajaSettingsProblems({ ...config.daraja, baseUrl: addresses.daraja ?? 'http://127.0.0.1' });
}

import { keyErrors } from './key-errors.ts';
import { restoreErrors } from './restore-errors.ts';
import { settingsErrors } from './settings-errors.ts';
import { storeErrors } from './store-errors.ts';

export { exitCode, type ErrorText, type ExitCode } from './error-definition.ts';
export { undoCommand } from './restore-errors.ts';
export { restoreSettingsCommand } from './settings-errors.ts';

/**
 * Every error that the toolkit raises on purpose: its exit code and its English sentences.
 *
 * A sentence says what failed, on which named thing; the hint says what to do next. Parameters are what the sentences
 * need and never hold a secret. `messages/ja/errors.ts` holds the same keys in Japanese.
 */
export const errorCatalogue = { ...settingsErrors, ...storeErrors, ...keyErrors, ...restoreErrors } as const;

export type ErrorCode = keyof typeof errorCatalogue;

/** The parameters that the sentences of one error need. */
export type ErrorParams<C extends ErrorCode> = Parameters<(typeof errorCatalogue)[C]['text']>[0];

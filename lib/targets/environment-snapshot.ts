import { parse } from 'dotenv';
import { maskText, maskValue, type MaskedValue } from '../core/mask-secrets.ts';

/** The number of the format of `environment.json`. */
const environmentFormat = 1;

export interface EnvironmentSource {
  /** The process's variables. */
  environment: Readonly<Record<string, string | undefined>>;
  /** Every `.env` file: its path below the project root, and its text. */
  dotenvFiles: readonly { origin: string; text: string }[];
  runtime: { node: string; platform: string; arch: string };
  /** Present where there is a key. */
  fingerprints?: Fingerprints;
}

/** What tells whether a masked value is the same as another one; without the key of its maker it tells nothing. */
export interface Fingerprints {
  /** How the key comes from a secret: hex digits of the salt, the derivation; and what tells a wrong secret. */
  scheme: { salt: string; kdf: string; iterations: number; keyCheck: string };
  of: (name: string, value: string) => string;
}

export type ShownValue = { value: string } | (MaskedValue & { fingerprint?: string });

/** `environment.json`. */
export interface EnvironmentSnapshot {
  format: number;
  runtime: EnvironmentSource['runtime'];
  fingerprints?: Fingerprints['scheme'];
  process: Record<string, ShownValue>;
  dotenvFiles: { origin: string; variables: Record<string, ShownValue> }[];
}

/**
 * What shells, terminals, npm and systemd set anew for each run. They say nothing about the project, and a snapshot
 * that held them would differ each time.
 */
const runNoise = new Set([
  ...[
    '_',
    'SHLVL',
    'PWD',
    'OLDPWD',
    'COLUMNS',
    'LINES',
    'LS_COLORS',
    'TERM',
    'COLORTERM',
    'TERM_SESSION_ID',
    'WINDOWID',
  ],
  ...[
    'TMUX',
    'TMUX_PANE',
    'STY',
    'GPG_TTY',
    'SSH_CLIENT',
    'SSH_CONNECTION',
    'SSH_TTY',
    'SSH_AUTH_SOCK',
    'SSH_AGENT_PID',
  ],
  ...['XDG_SESSION_ID', 'INVOCATION_ID', 'JOURNAL_STREAM', 'SYSTEMD_EXEC_PID'],
  ...['INIT_CWD', 'NODE', 'COLOR', 'EDITOR'],
]);
const npmName = /^npm_/i;
/** Folders that npm puts before PATH while it runs a script. */
const npmPath = /[\\/]node_modules[\\/](?:\.bin|(?:.*[\\/])?node-gyp-bin)$/;

/**
 * `config/environment.json`: the variables of the process and of every `.env` file, each with its value, or where it
 * may be a secret with the reason and its length's class, and where there is a key with its fingerprint. The same
 * environment gives the same bytes, with the same key: sorted, no time stamp.
 */
export function environmentSnapshot(source: EnvironmentSource): Buffer {
  const delimiter = source.runtime.platform === 'win32' ? ';' : ':';
  const own = Object.entries(source.environment).flatMap(([name, value]): [string, string][] => {
    if (value === undefined || runNoise.has(name) || npmName.test(name)) return [];
    return [[name, name.toUpperCase() === 'PATH' ? withoutNpmFolders(value, delimiter) : value]];
  });
  const files = [...source.dotenvFiles].sort((a, b) => compare(a.origin, b.origin));
  const { fingerprints } = source;
  const shown = (variables: [string, string][]): Record<string, ShownValue> =>
    shownVariables(variables, fingerprints?.of);
  const snapshot: EnvironmentSnapshot = {
    format: environmentFormat,
    runtime: { node: source.runtime.node, platform: source.runtime.platform, arch: source.runtime.arch },
    ...(fingerprints === undefined ? {} : { fingerprints: fingerprints.scheme }),
    process: shown(own),
    dotenvFiles: files.map(({ origin, text }) => ({ origin, variables: shown(Object.entries(parse(text))) })),
  };
  return Buffer.from(`${JSON.stringify(snapshot, null, 2)}\n`);
}

function shownVariables(
  variables: [string, string][],
  fingerprintOf: Fingerprints['of'] | undefined,
): Record<string, ShownValue> {
  const sorted = [...variables].sort(([a], [b]) => compare(a, b));
  // A secret that was pasted on the wrong side of the equals sign is one still.
  return Object.fromEntries(sorted.map(([name, value]) => [maskText(name), shownValue(name, value, fingerprintOf)]));
}

function shownValue(name: string, value: string, fingerprintOf: Fingerprints['of'] | undefined): ShownValue {
  const masked = maskValue({ name, value });
  if (masked === undefined) return { value };
  return { ...masked, ...(fingerprintOf === undefined ? {} : { fingerprint: fingerprintOf(name, value) }) };
}

function withoutNpmFolders(path: string, delimiter: string): string {
  return path
    .split(delimiter)
    .filter((folder) => !npmPath.test(folder))
    .join(delimiter);
}

/** By UTF-16 code units, so that no machine's locale changes the order. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

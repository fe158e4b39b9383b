import type { HostWriter } from './dated-file.ts';

/** The host's settings for the toolkit: targets that together cover every file of it. */
export const hostBackupSettings = {
  enabled: true,
  storage: { type: 'local', path: './backups', compress: true, compression: 'gzip', compressionLevel: 6 },
  targets: {
    config: true,
    database: true,
    logs: { paths: ['logs/'] },
    agents: true,
    state: true,
    security: true,
    uploads: { paths: ['data/uploads/'] },
  },
};

/** Writes what an application keeps in config/, and its .env, whose secrets are obviously none. */
export function buildSettings(writer: HostWriter): void {
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  writer.write('config/config.json', json({ backup: hostBackupSettings }), 9_000);
  writer.write(
    'config/app.json',
    json({ name: 'bench-host', port: 3000, workers: 4, queue: { retries: 3, timeoutMs: 30_000 } }),
    9_100,
  );
  writer.write(
    'config/features.json',
    json({ dashboards: true, agents: { parallel: 6, review: true }, beta: ['search', 'replay'] }),
    800,
  );
  writer.write(
    'config/database.yaml',
    'default:\n  file: data/app.db\n  journal_mode: wal\n  busy_timeout_ms: 5000\n',
    12_000,
  );
  writer.write(
    'config/logging.yaml',
    'level: info\nformat: json\nfiles:\n  - logs/api.jsonl\n  - logs/worker.jsonl\n',
    12_100,
  );
  writer.write('.env', 'NODE_ENV=production\nAPP_PORT=3000\nAPP_SECRET=benchmark-only-not-a-secret\n', 12_200);
}

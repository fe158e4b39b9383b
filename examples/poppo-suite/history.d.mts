import type { Database } from 'better-sqlite3';

export const agents: readonly string[];
export function openHistory(file: string): Database;
export function createHistory(database: Database): void;
export function taskRecorder(database: Database): (agent: string, issue: number, tokens: number) => void;
export function totalsAgree(database: Database): boolean;

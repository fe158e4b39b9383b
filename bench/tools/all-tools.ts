import { borgTools } from './borg.ts';
import { floorTools } from './floor.ts';
import { ourTool } from './ours.ts';
import { resticTool } from './restic.ts';
import { stockTools } from './stock-tools.ts';
import type { BenchTool } from './tool.ts';

export interface ToolChoice {
  /** Names or their beginnings; all tools where absent. */
  tools?: string[];
  toolkit: string;
  zstdToolkit: string;
  /** The Node that runs ours with zstd. */
  node: string;
}

/** Every tool that is measured, in the order of the table; those that are missing here say so in `missing`. */
export function chooseTools({ tools: wanted, toolkit, zstdToolkit, node }: ToolChoice): BenchTool[] {
  const all = [
    ...floorTools(),
    ...stockTools(),
    resticTool(),
    ...borgTools(),
    ourTool('none', { folder: toolkit, node: process.execPath }),
    ourTool('gzip', { folder: toolkit, node: process.execPath }),
    ourTool('gzip', { folder: toolkit, node: process.execPath }, true),
    ourTool('zstd', { folder: zstdToolkit, node }),
  ];
  return wanted === undefined ? all : all.filter(({ name }) => wanted.some((start) => name.startsWith(start)));
}

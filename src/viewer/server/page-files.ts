import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportPage } from '../export-page.js';
import { PAGE_FOLDER } from './page-folder.cjs';

/** A file of the page. */
export interface PageFile {
  readonly contentType: string;
  readonly body: Buffer;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'export.html': 'text/html; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
};

const read = new Map<string, PageFile>();

/** One of the page's four files. A name that a client sends is never used as a path. */
export function pageFile(name: string): PageFile | undefined {
  const contentType = Object.hasOwn(CONTENT_TYPES, name) ? CONTENT_TYPES[name] : undefined;
  if (contentType === undefined) return undefined;
  let file = read.get(name);
  if (file === undefined) {
    const body = name === 'export.html' ? Buffer.from(exportFile()) : readFile(name);
    file = { contentType, body };
    read.set(name, file);
  }
  return file;
}

function exportFile(): string {
  return exportPage(readFile('page.js').toString(), readFile('page.css').toString());
}

function readFile(name: string): Buffer {
  return readFileSync(join(PAGE_FOLDER, name));
}

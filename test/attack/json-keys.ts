const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/** The keys that one object of a JSON text has more than once; `JSON.parse` would hide them. */
export function duplicateKeys(json: string): string[] {
  const duplicates: string[] = [];
  // Of each object or array that is open: the keys so far; `undefined` for an array.
  const open: (Set<string> | undefined)[] = [];
  let text = '';
  for (const [token] of json.matchAll(TOKEN)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      const key = JSON.parse(text) as string;
      if (open.at(-1)?.has(key) === true) duplicates.push(key);
      open.at(-1)?.add(key);
    } else if (token !== ',') text = token;
  }
  return duplicates;
}

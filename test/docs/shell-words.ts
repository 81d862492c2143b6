/** A command of a shell block: its words, without quotes, and the line it begins in, from 0. */
export interface ShellCommand {
  readonly words: readonly string[];
  readonly line: number;
}

const ASSIGNMENT = /^[A-Za-z_]\w*=/;
/** A quoted text, an escaped character, or what else is in a word. */
const PART = /'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\|&;<>#()]+|(?<=\S)#/y;
const OPERATOR = /\|\|?|&&?|;;?|[()]/y;
const REDIRECTION = /\d*(?:>>?|<<?<?)(?:&\d)?\s*/y;

/**
 * The commands of a script: of pipelines and lists each one, without assignments, redirections and
 * comments. It knows what documentation needs of a shell's grammar, not all of it.
 */
export function shellCommands(script: string): ShellCommand[] {
  const commands: ShellCommand[] = [];
  let line = 0;
  // A line that ends with a backslash goes on in the next.
  for (const [text] of script.matchAll(/(?:\\\n|[^\n])*(?:\n|$)/g)) {
    for (const words of commandsOf(text.replaceAll('\\\n', ' '))) commands.push({ words, line });
    line += text.split('\n').length - 1;
  }
  return commands;
}

function commandsOf(text: string): string[][] {
  const commands: string[][] = [[]];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at = pattern.lastIndex;
    return found;
  };
  const takeWord = (): string | undefined => {
    let word: string | undefined;
    for (let part = take(PART); part !== undefined; part = take(PART)) {
      word = (word ?? '') + unquoted(part);
    }
    return word;
  };
  while (at < text.length) {
    if (take(/\s+/y) !== undefined) continue;
    if (text[at] === '#') break;
    if (isPlaceholder(text.slice(at))) {
      commands.at(-1)!.push(take(/<[\w -]+>/y)!);
      continue;
    }
    if (take(REDIRECTION) !== undefined) {
      takeWord();
      continue;
    }
    if (take(OPERATOR) !== undefined) {
      commands.push([]);
      continue;
    }
    const word = takeWord();
    if (word === undefined) at += 1;
    else if (commands.at(-1)!.length > 0 || !ASSIGNMENT.test(word)) commands.at(-1)!.push(word);
  }
  return commands.filter((words) => words.length > 0);
}

/** `<id>`, which stands for a value of the reader. */
function isPlaceholder(text: string): boolean {
  return /^<[a-z][\w -]*>/i.test(text);
}

function unquoted(part: string): string {
  if (part.startsWith("'")) return part.slice(1, -1);
  if (part.startsWith('"')) return part.slice(1, -1).replace(/\\(["\\$`])/g, '$1');
  return part.startsWith('\\') ? part.slice(1) : part;
}

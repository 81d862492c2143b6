/** The schema of one argument of a tool: the part of JSON Schema that the tools here need. */
type ArgumentSchema = { readonly description: string } & (
  | { readonly type: 'string'; readonly minLength?: number; readonly maxLength: number }
  | { readonly type: 'integer'; readonly minimum: number; readonly maximum: number }
  | { readonly type: 'boolean' }
);

/** The arguments of a tool, by name. */
export type ArgumentSchemas = Readonly<Record<string, ArgumentSchema>>;

/** As MCP has it in its list of tools. */
export function inputSchema(properties: ArgumentSchemas, required: readonly string[]): object {
  return { type: 'object', properties, required, additionalProperties: false };
}

/** What is wrong with the arguments of a call, in a sentence; `undefined` where nothing is. */
export function inputProblem(
  schemas: ArgumentSchemas,
  required: readonly string[],
  input: object,
): string | undefined {
  for (const name of required) if (!Object.hasOwn(input, name)) return `\`${name}\` is missing.`;
  for (const [name, value] of Object.entries(input)) {
    const schema = Object.hasOwn(schemas, name) ? schemas[name] : undefined;
    if (schema === undefined) {
      const known = Object.keys(schemas).join(', ');
      return `There is no argument ${JSON.stringify(name.slice(0, 100))}. There are: ${known}.`;
    }
    if (!isOf(schema, value)) return `\`${name}\` is not ${wanted(schema)}.`;
  }
  return undefined;
}

function isOf(schema: ArgumentSchema, value: unknown): boolean {
  if (schema.type === 'boolean') return typeof value === 'boolean';
  if (schema.type === 'string') {
    const { minLength = 0, maxLength } = schema;
    return typeof value === 'string' && value.length >= minLength && value.length <= maxLength;
  }
  return (
    Number.isInteger(value) && Number(value) >= schema.minimum && Number(value) <= schema.maximum
  );
}

function wanted(schema: ArgumentSchema): string {
  if (schema.type === 'boolean') return 'true or false';
  if (schema.type === 'integer') return `an integer from ${schema.minimum} to ${schema.maximum}`;
  return `a text of ${schema.minLength ?? 0} to ${schema.maxLength} characters`;
}

import { expectThat, load, smoke } from './smoke.js';

interface Model {
  new (options: object): object;
}
interface Ai {
  generateText(options: { model: object; prompt: string }): Promise<{ text: string }>;
}

const { generateText } = await load<Ai>('ai');
const test = await load<Record<string, Model>>('ai/test');
// Its name has the version of the providers' interface.
const name = Object.keys(test).findLast((one) => one.startsWith('MockLanguageModel'))!;
const model = new test[name]!({
  modelId: 'smoke-1',
  doGenerate: async () => ({
    content: [{ type: 'text', text: 'answer' }],
    finishReason: { unified: 'stop', raw: undefined },
    usage: {
      inputTokens: { total: 3, noCache: 3, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: 10, text: 10, reasoning: undefined },
    },
    warnings: [],
  }),
});

await smoke({
  work: async (n) => {
    const { text } = await generateText({ model, prompt: `prompt ${n}` });
    expectThat(text === 'answer', `the model answers ${text}`);
  },
  steps: [/^chat smoke-1$/],
});

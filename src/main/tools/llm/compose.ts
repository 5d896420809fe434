/** `llm.summarise` and `llm.write`: text for people to read. */
import { z } from 'zod'
import { visibleText } from '../../../domain/approval.ts'
import { fail } from '../../../domain/failure.ts'
import type { Json } from '../../../domain/json.ts'
import { promptBlock } from '../../../domain/prompt-block.ts'
import { defineTool } from '../../../domain/tool.ts'
import type { ToolContext, ToolDeclaration } from '../../../domain/tool.ts'
import { askFor, content, COSTS, language, modelCall, sizeOf, wish, wordsIn } from './asked.ts'

const MOST_WORDS = 3_000
/** What a model may think before it writes. */
const THOUGHT_TOKENS = 2_000
const TOKENS_PER_WORD = 4

const written = z.strictObject({ text: z.string() })

const words = z.int().min(1).max(MOST_WORDS)

const summariseInput = z.strictObject({
  text: content.describe('200,000 bytes at most.'),
  words: words.default(100).describe('About how long it is to be.'),
  language,
  focus: wish(1_000).optional().describe('What matters to the reader. From the script, never from outside.'),
})

export function summariseTool(): ToolDeclaration {
  return defineTool({
    ...modelCall,
    name: 'llm.summarise',
    title: 'Summarise a text',
    doc: `Asks a model for a short plain text that says what a long one says, and nothing else; in the language of the text unless another is named. ${COSTS}`,
    input: summariseInput,
    output: z.string(),
    run: ({ text, words: most, language: named, focus }, context) =>
      composed(context, most, [
        `Summarise the data in about ${String(most)} words, in ${named ?? 'its own language'}. Say only what is in it.`,
        ...(focus === undefined ? [] : [`What matters: ${focus}`]),
        promptBlock('what the script gave', text),
      ]),
    redact: given => ({ ...given, text: sizeOf(given.text) }) as Json,
    describe: ({ text }, output) =>
      `Summarised ${sizeOf(text)}${output === undefined ? '' : ` in ${wordsIn(output)}`}`,
  })
}

const writeInput = z.strictObject({
  task: wish(4_000).describe('What to write, for whom. From the script, never from outside.'),
  from: content.optional().describe('What it is written from: 200,000 bytes at most.'),
  words: words.default(200).describe('About how long it is to be.'),
  language,
})

export function writeTool(): ToolDeclaration {
  return defineTool({
    ...modelCall,
    name: 'llm.write',
    title: 'Write a text',
    doc: `Asks a model to write a plain text: a reply, a description, a greeting. It is a draft that nobody has read: let a person see it (ask of tools/flow) before it goes to others. ${COSTS}`,
    input: writeInput,
    output: z.string(),
    run: ({ task, from, words: most, language: named }, context) =>
      composed(context, most, [
        `Write this, in about ${String(most)} words${named === undefined ? '' : `, in ${named}`}: ${task}`,
        ...(from === undefined
          ? []
          : [`Facts come from the data alone.`, promptBlock('what the script gave', from)]),
      ]),
    redact: ({ from, ...given }) => ({ ...given, from: from === undefined ? null : sizeOf(from) }) as Json,
    describe: ({ task }, output) =>
      `Wrote ${output === undefined ? 'a text' : wordsIn(output)}: ${visibleText(task, 120)}`,
  })
}

async function composed(context: ToolContext, most: number, parts: readonly string[]): Promise<string> {
  const { text } = await askFor(context, {
    task: [...parts, 'The text is plain, without headings or remarks about it.'].join('\n\n'),
    answer: written,
    maxOutputTokens: THOUGHT_TOKENS + TOKENS_PER_WORD * most,
  })
  const said = text.trim()
  if (said === '') fail({ kind: 'bad-response', message: 'The model gave an empty text.' })
  return said
}

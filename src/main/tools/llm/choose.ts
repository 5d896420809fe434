/** `llm.classify` and `llm.judge`: one of a few answers, and the right not to know. */
import { z } from 'zod'
import { visibleText } from '../../../domain/approval.ts'
import { fail } from '../../../domain/failure.ts'
import { promptBlock } from '../../../domain/prompt-block.ts'
import { defineTool } from '../../../domain/tool.ts'
import type { ToolDeclaration } from '../../../domain/tool.ts'
import { askFor, content, COSTS, modelCall, sizeOf, wish } from './asked.ts'

const UNSURE = 'unsure'
const MOST_TOKENS = 2_000
const MOST_LABELS = 100

const label = wish(100).refine(text => text !== UNSURE, { error: 'is what comes where none fits' })
const labels = z
  .union([
    z.array(label).min(1).max(MOST_LABELS),
    z.record(label, wish(500)).refine(
      meanings => {
        const count = Object.keys(meanings).length
        return count > 0 && count <= MOST_LABELS
      },
      { error: `names 1 to ${String(MOST_LABELS)} labels` },
    ),
  ])
  .describe('["invoice", "offer"], or with their meanings: { invoice: "asks for money", … }.')

const classifyInput = z.strictObject({
  text: content.describe('200,000 bytes at most.'),
  labels,
  many: z.boolean().default(false).describe('Whether several labels may fit.'),
})
type ClassifyInput = z.output<typeof classifyInput>

export function classifyTool(): ToolDeclaration {
  return defineTool({
    ...modelCall,
    name: 'llm.classify',
    title: 'Classify a text',
    doc: `Asks a model which of the labels fits. label is that one, or "unsure" where none fits or the text does not tell: treat that as a case of its own. labels are all that fit, best first; without many, one at most. ${COSTS}`,
    input: classifyInput,
    output: z.strictObject({
      label: z.string().describe('One of the labels, or "unsure".'),
      labels: z.array(z.string()),
    }),
    run: async (given, context) => {
      const names = namesOf(given.labels)
      const fit = z.enum([...names, UNSURE])
      const asked = { task: classifyTask(given), maxOutputTokens: MOST_TOKENS }
      const chosen = given.many
        ? (await askFor(context, { ...asked, answer: z.strictObject({ labels: z.array(fit) }) })).labels
        : [(await askFor(context, { ...asked, answer: z.strictObject({ label: fit }) })).label]
      const fits = [...new Set(chosen)].filter(one => one !== UNSURE)
      return { label: fits[0] ?? UNSURE, labels: fits }
    },
    redact: given => ({ ...given, text: sizeOf(given.text) }),
    describe: ({ text, many }, output) =>
      output === undefined
        ? `Classified ${sizeOf(text)}`
        : `Classified ${sizeOf(text)} as ${many && output.labels.length > 0 ? output.labels.join(', ') : output.label}`,
  })
}

function namesOf(given: ClassifyInput['labels']): string[] {
  return Array.isArray(given) ? given : Object.keys(given)
}

function classifyTask({ text, labels: given, many }: ClassifyInput): string {
  const meanings = Array.isArray(given)
    ? given.map(name => `- ${name}`)
    : Object.entries(given).map(([name, meaning]) => `- ${name}: ${meaning}`)
  const which = many
    ? `Which of these labels fit the data, best first? If none does, or it does not tell, answer with ["${UNSURE}"].`
    : `Which of these labels fits the data? If none does, or it does not tell, answer with "${UNSURE}".`
  return [which, meanings.join('\n'), promptBlock('what the script gave', text)].join('\n\n')
}

const judgeInput = z.strictObject({
  question: wish(2_000).describe('Answered with yes or no. From the script, never from outside.'),
  text: content.describe('200,000 bytes at most.'),
})
const judgement = z.strictObject({
  answer: z.boolean().nullable().describe('null where the text does not tell.'),
  why: z.string().describe('The reason in one sentence, for people.'),
})

export function judgeTool(): ToolDeclaration {
  return defineTool({
    ...modelCall,
    name: 'llm.judge',
    title: 'Judge a text',
    doc: `Asks a model a question of yes or no about a text. answer is null where the text does not tell: treat that as a case of its own. Whoever wrote the text can mislead a judgement, so never let it alone decide on what cannot be taken back. ${COSTS}`,
    input: judgeInput,
    output: judgement,
    run: async ({ question, text }, context) => {
      const { answer, why } = await askFor(context, {
        task: [
          'Answer the question about the data: true, false, or null where the data does not tell. Say why in one short sentence.',
          `The question: ${question}`,
          promptBlock('what the script gave', text),
        ].join('\n\n'),
        answer: judgement,
        maxOutputTokens: MOST_TOKENS,
      })
      if (why.trim() === '') fail({ kind: 'bad-response', message: 'The model judged and did not say why.' })
      return { answer, why: visibleText(why, 1_000) }
    },
    redact: ({ question, text }) => ({ question, text: sizeOf(text) }),
    describe: ({ question }, output) =>
      `Judged “${visibleText(question, 120)}”${output === undefined ? '' : `: ${verdictOf(output.answer)}`}`,
  })
}

function verdictOf(answer: boolean | null): string {
  if (answer === null) return 'it does not tell'
  return answer ? 'yes' : 'no'
}

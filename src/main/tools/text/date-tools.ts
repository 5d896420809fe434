/** The date functions of tools/text. Where no zone is given, the contract's is meant. */
import { z } from 'zod'
import { defineTool, type ToolDeclaration } from '../../../domain/tool.ts'
import type { Compute } from '../compute/pool.ts'
import { localCall } from '../local-call.ts'
import { compareMoments, formatMoment, parseDateText, shiftDate } from './dates.ts'
import { instantSchema, zoneName } from './instant.ts'

const zone = zoneName.optional().describe("IANA name. The contract's zone when left out.")
const date = z
  .union([z.string().min(1).max(64), z.int()])
  .describe('ISO 8601 (local time in the zone unless it names an offset), or UTC milliseconds.')
const locale = z
  .string()
  .max(35)
  .refine(isLocale, { error: 'is not a language tag, such as en or de-AT' })
  .optional()
  .describe('For names of months and days. Default en.')
const format = z.string().min(1).max(100)
const amount = z.int().min(-1_000_000).max(1_000_000).optional()

export function dateTools(compute: Compute): ToolDeclaration[] {
  return [parseDate(compute), formatDate, addToDate, compareDates]
}

function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/** A format becomes a pattern whose matching can take exponential time, so it is matched where it can be stopped. */
function parseDate(compute: Compute): ToolDeclaration {
  return defineTool({
    ...localCall,
    timeoutMs: 120_000,
    name: 'text.parseDate',
    title: 'Read a date',
    doc: 'Reads ISO 8601, mail (RFC 2822), HTTP and SQL dates, or exactly the given format (Luxon tokens: "dd.MM.yyyy HH:mm", "d MMMM yyyy"). Anything else is invalid-input, never a guess.',
    input: z.strictObject({ text: z.string().min(1).max(200), format: format.optional(), zone, locale }),
    output: instantSchema,
    positional: ['text', 'format'],
    run: async (input, context) => {
      const request = { ...input, zone: input.zone ?? context.contract.zone }
      if (input.format === undefined) return parseDateText(request)
      return compute.run('parseDate', request, { owner: context.runId, signal: context.signal })
    },
    describe: (input, output) =>
      `Read “${input.text}” as a date${output === undefined ? '' : `: ${output.iso}`}`,
  })
}

const formatDate = defineTool({
  ...localCall,
  name: 'text.formatDate',
  title: 'Write a date',
  doc: 'Writes a date in a format of Luxon tokens: "yyyy-MM-dd", "d MMMM yyyy", "EEEE HH:mm". Letters between apostrophes stay as they are.',
  input: z.strictObject({ date, format, zone, locale }),
  output: z.string(),
  positional: ['date', 'format'],
  run: async (input, context) =>
    formatMoment(input.date, input.format, input.zone ?? context.contract.zone, input.locale),
  describe: (_, output) => `Wrote a date${output === undefined ? '' : `: ${output}`}`,
})

const addToDate = defineTool({
  ...localCall,
  name: 'text.addToDate',
  title: 'Move a date',
  doc: 'Adds to a date; negative amounts go back. Years to days keep the wall clock of the zone across changes of summer time, hours to seconds are exact. A day the month does not have becomes its last.',
  input: z.strictObject({
    date,
    years: amount,
    months: amount,
    weeks: amount,
    days: amount,
    hours: amount,
    minutes: amount,
    seconds: amount,
    zone,
  }),
  output: instantSchema,
  positional: ['date'],
  run: async (input, context) => shiftDate({ ...input, zone: input.zone ?? context.contract.zone }),
  describe: (_, output) => `Moved a date${output === undefined ? '' : ` to ${output.local}`}`,
})

const compareDates = defineTool({
  ...localCall,
  name: 'text.compareDates',
  title: 'Compare two dates',
  doc: 'order is -1, 0 or 1 as a is before, at or after b; ms is the exact time from a to b; days counts the midnights of the zone between them.',
  input: z.strictObject({ a: date, b: date, zone }),
  output: z.strictObject({ order: z.int(), ms: z.int(), days: z.int() }),
  positional: ['a', 'b'],
  run: async (input, context) => compareMoments(input.a, input.b, input.zone ?? context.contract.zone),
  describe: () => 'Compared two dates',
})

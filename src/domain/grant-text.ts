/** What a grant allows, in words, made from its subject alone. */
import { z } from 'zod'
import { visibleText } from './approval.ts'

const texts = z.array(z.string())
const placesSchema = z.object({
  accounts: texts,
  hosts: texts,
  method: z.string().nullable(),
  paths: texts,
  recipients: texts,
})

/** The subject is as `approvalSubject` made it; one that is not is shown as it is. */
export function grantText(subject: string): string {
  const [, tool = '', json = ''] = /^(\S+) (\{.*\})$/s.exec(subject) ?? []
  const places = placesIn(json)
  if (places === null) return visibleText(subject, 500)
  const { method, hosts, paths, recipients, accounts } = places
  const where = [
    ...(hosts.length === 0 ? [] : [`at ${list(hosts)}`]),
    ...(paths.length === 0 ? [] : [`to ${list(paths)}`]),
    ...(recipients.length === 0 ? [] : [`to ${list(recipients)}`]),
    ...(accounts.length === 0 ? [] : [`as ${list(accounts)}`]),
  ]
  return [`${tool}${method === null ? '' : ` (${visibleText(method)})`}`, ...where].join(' ')
}

function list(names: readonly string[]): string {
  return names.map(name => visibleText(name)).join(', ')
}

function placesIn(json: string): z.output<typeof placesSchema> | null {
  try {
    return placesSchema.safeParse(JSON.parse(json)).data ?? null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

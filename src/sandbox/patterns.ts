/** What patterns give values to. */
import type { AnyNode } from 'acorn'

export function targetsOf(pattern: AnyNode): AnyNode[] {
  if (pattern.type === 'ObjectPattern') {
    return pattern.properties.flatMap(property =>
      targetsOf(property.type === 'RestElement' ? property.argument : property.value),
    )
  }
  if (pattern.type === 'ArrayPattern')
    return pattern.elements.flatMap(element => (element ? targetsOf(element) : []))
  if (pattern.type === 'AssignmentPattern') return targetsOf(pattern.left)
  if (pattern.type === 'RestElement') return targetsOf(pattern.argument)
  return [pattern]
}

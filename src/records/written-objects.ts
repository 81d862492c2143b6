/** The name of a property, or the index of an item. */
export type Name = string | number;

/** The parent of what is not inside of an object. */
export const NO_PARENT = -1;

/** With more objects, they are found by a map. */
const MANY_OBJECTS = 12;

/** The objects that a line has, in their order, with their parents and their names there. */
export class WrittenObjects {
  private readonly objects: object[] = [];
  readonly parents: number[] = [];
  readonly names: (Name | undefined)[] = [];
  private indexes: Map<object, number> | undefined;

  note(value: object, name: Name | undefined, parent: number): number {
    const index = this.objects.push(value) - 1;
    this.parents.push(parent);
    this.names.push(name);
    if (this.indexes !== undefined) this.indexes.set(value, index);
    else if (index === MANY_OBJECTS) {
      this.indexes = new Map(this.objects.map((object, position) => [object, position]));
    }
    return index;
  }

  indexOf(value: object): number {
    if (this.objects.length === 0) return -1;
    return this.indexes === undefined
      ? this.objects.indexOf(value)
      : (this.indexes.get(value) ?? -1);
  }

  isWithin(index: number, ancestor: number): boolean {
    for (let at = index; at !== NO_PARENT; at = this.parents[at]!) {
      if (at === ancestor) return true;
    }
    return false;
  }

  pathTo(parent: number, name: Name | undefined): string[] {
    const path = name === undefined ? [] : [String(name)];
    for (let at = parent; at !== NO_PARENT; at = this.parents[at]!) {
      const outer = this.names[at];
      if (outer !== undefined) path.unshift(String(outer));
    }
    return path;
  }
}

/** Work that goes on after its caller has been answered, kept in sight so that shutdown can wait for it. */
export type TaskSet = {
  /** `task` must handle its own errors: one that rejects is reported to `onError`. */
  add(task: Promise<unknown>): void;
  /** Resolves when nothing is under way any longer. */
  drain(): Promise<void>;
};

export function createTaskSet(onError: (error: unknown) => void): TaskSet {
  const tasks = new Set<Promise<unknown>>();
  return {
    add(task) {
      const kept = task.catch(onError).finally(() => tasks.delete(kept));
      tasks.add(kept);
    },
    async drain() {
      while (tasks.size > 0) await Promise.all(tasks);
    },
  };
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verbs of ioasidctl. Each gets the words that follow it, with its whole name as argv[0], and
 * returns the exit status.
 */
#ifndef IOASIDCTL_H
#define IOASIDCTL_H

int command_policy(int argc, char **argv);
int command_audit(int argc, char **argv);

/**
 * struct command - a verb
 * @word: that calls it
 * @name: with what comes before
 */
struct command {
	const char *word;
	const char *name;
	int (*run)(int argc, char **argv);
};

/**
 * command_find - the verb that @word calls, NULL when the list has none
 */
const struct command *command_find(const struct command *list, const char *word);

/**
 * command_run - run it with the words that follow @argv[0], which called it
 */
int command_run(const struct command *command, int argc, char **argv);

/**
 * command_choose - run what the command line says of a list of verbs, or show the help
 * @list: the verbs
 * @args_doc: what may follow
 * @doc: what they do
 *
 * Returns the exit status.
 */
int command_choose(const struct command *list, const char *args_doc, const char *doc, int argc,
		   char **argv);

#endif /* IOASIDCTL_H */

#include "help.h"

#include <stdio.h>
#include <string.h>

static const char overview[] =
    "Usage: tenon COMMAND [OPTION...]\n"
    "\n"
    "Peers for the shell, which speak to every ZeroMQ program:\n"
    "  pub      publish lines                      sub      print what is published\n"
    "  push     hand lines out in turn             pull     print what is handed out\n"
    "  req      send requests, print replies       rep      answer requests\n"
    "  dealer   requests without lock step         router   addressed messages\n"
    "  pair     talk to exactly one peer           proxy    pass messages on between two sides\n"
    "\n"
    "Security:\n"
    "  keygen   keys for CURVE, certificates that sign themselves\n"
    "\n"
    "About a running program:\n"
    "  stat     its sockets, peers, queues, and what was dropped and why\n"
    "\n"
    "About this installation:\n"
    "  info     the modules: what there is, what is loaded, why something is not\n"
    "  check    whether the configuration is good, and what an endpoint becomes here\n"
    "  new      write a transport, a pattern or a mechanism of your own: a project that works\n"
    "  conform  try a transport as programs and their peers would\n"
    "  version  the version of the command and of the library\n"
    "  help     this text, or `tenon help COMMAND`\n"
    "\n"
    "First steps, in two terminals:\n"
    "  tenon rep --bind tcp://127.0.0.1:5555 --reply World\n"
    "  echo Hello | tenon req --connect tcp://127.0.0.1:5555\n"
    "\n"
    "`tenon COMMAND --help` has the options and more examples.\n";

static const char common_options[] =
    "  -b, --bind ENDPOINT      accept connections there (repeatable)\n"
    "  -c, --connect ENDPOINT   connect to it, again whenever it is lost (repeatable)\n"
    "  -o, --opt NAME=VALUE     set an option of the socket (repeatable), e.g. sndhwm=10\n"
    "  -f, --format FORMAT      text: a line a message, other bytes as \\xNN (default)\n"
    "                           raw:  standard input is one message, output is not separated\n"
    "                           hex:  frames in hexadecimal digits\n"
    "                           json: an array of strings and {\"hex\": \"00ff\"} objects a line\n"
    "      --delimiter TEXT     stands between the frames of a message, in input and output\n"
    "                           (default: input is not split, output has a tab)\n"
    "  -n, --count N            end after N messages\n"
    "      --timeout MS         give up after so long without progress\n"
    "      --wait-peers N       first wait for N peers (pub: for N subscriptions)\n"
    "  -v, --verbose            print the events of the connections to standard error\n"
    "  -h, --help               this text\n";

static const char send_options[] =
    "      --data TEXT          send TEXT --count times (once) instead of standard input\n"
    "      --interval MS        pause between two messages\n";

static const char exit_codes[] = "\nExit status: 0 done, 1 failed, 2 wrong usage.\n";

struct peer_help {
    const char *name;
    const char *summary;
    const char *own_options;
    int sends;
    const char *examples;
};

static const struct peer_help peers[] = {
    {"pub", "Publishes each line of standard input to all who subscribed to a prefix of it.",
     "      --topic TEXT         first frame of each message\n", 1,
     "  date | tenon pub --bind tcp://*:5556 --wait-peers 1\n"
     "  tenon pub --bind tcp://*:5556 --topic clock --data tick --count 10 --interval 1000\n"},
    {"sub", "Prints what publishers send.",
     "  -s, --subscribe PREFIX   only messages that begin so (repeatable; default: all)\n", 0,
     "  tenon sub --connect tcp://localhost:5556\n"
     "  tenon sub --connect tcp://localhost:5556 --subscribe clock --count 1\n"},
    {"push", "Sends each line of standard input to one of the peers, in turn.", "", 1,
     "  seq 100 | tenon push --bind tcp://*:5557\n"
     "  tenon push --connect ipc:///tmp/jobs --format raw < picture.png\n"},
    {"pull", "Prints what the peers push.", "", 0,
     "  tenon pull --connect tcp://localhost:5557\n"
     "  tenon pull --bind ipc:///tmp/jobs --format raw --count 1 > picture.png\n"},
    {"pair", "Sends the lines of standard input to one peer and prints what it sends.", "", 1,
     "  tenon pair --bind tcp://*:5558\n"
     "  tenon pair --connect tcp://localhost:5558\n"},
    {"req", "Sends each line as a request and prints its reply before the next one.", "", 1,
     "  echo Hello | tenon req --connect tcp://localhost:5555 --timeout 1000\n"
     "  tenon req --connect tcp://localhost:5555 --data ping --count 3 --interval 500\n"},
    {"rep",
     "Answers requests. Without one of the first three options the lines of standard input\n"
     "are the replies, and requests are printed.",
     "      --reply TEXT         answer with TEXT\n"
     "      --echo               answer with the request\n"
     "      --exec COMMAND       answer with what a shell command prints; it reads the request\n",
     1,
     "  tenon rep --bind tcp://*:5555 --reply World\n"
     "  tenon rep --bind tcp://*:5555 --exec 'tr a-z A-Z'\n"},
    {"dealer", "Sends lines to the peers in turn and prints what they send, independently.", "", 1,
     "  printf '|Hello\\n' | tenon dealer --connect tcp://localhost:5555 --delimiter '|' "
     "--count 1\n"},
    {"router",
     "Sends each line to the peer that its first frame names; prints what arrives with\n"
     "the sender's name as its first frame.",
     "", 1,
     "  tenon router --bind tcp://*:5559 --format json\n"
     "  tenon router --bind tcp://*:5559 --delimiter ' ' --opt router_mandatory=1\n"},
};

void help_overview(void)
{
    fputs(overview, stdout);
}

static void print_peer(const struct peer_help *peer)
{
    printf("Usage: tenon %s --bind ENDPOINT | --connect ENDPOINT [OPTION...]\n\n%s\n\nOptions:\n",
           peer->name, peer->summary);
    fputs(peer->own_options, stdout);
    if (peer->sends)
        fputs(send_options, stdout);
    fputs(common_options, stdout);
    printf("\nExamples:\n%s", peer->examples);
    fputs(exit_codes, stdout);
}

void help_peer(const char *command)
{
    for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
        if (strcmp(peers[i].name, command) == 0)
            print_peer(&peers[i]);
    }
}

void help_proxy(void)
{
    fputs("Usage: tenon proxy --frontend SIDE --backend SIDE [OPTION...]\n"
          "\n"
          "Passes messages on between two sockets, until a signal comes. A SIDE is\n"
          "PATTERN:[bind:|connect:]ENDPOINT, and binds unless it says otherwise. A side that is\n"
          "given again, with the same pattern, gets one more endpoint.\n"
          "\n"
          "Options:\n"
          "      --frontend SIDE      where requests or publications come from\n"
          "      --backend SIDE       where they go to\n"
          "      --capture SIDE       gets a copy of everything (pub, push, dealer or pair)\n"
          "  -o, --opt NAME=VALUE     set an option of both sides (repeatable)\n"
          "  -v, --verbose            print the events of the connections to standard error\n"
          "  -h, --help               this text\n"
          "\n"
          "Examples:\n"
          "  tenon proxy --frontend router:tcp://*:5559 --backend dealer:tcp://*:5560\n"
          "  tenon proxy --frontend xsub:connect:tcp://feed:5556 --backend xpub:tcp://*:8100\n"
          "  tenon proxy --frontend pull:ipc:///tmp/in --backend push:ipc:///tmp/out \\\n"
          "              --capture pub:tcp://127.0.0.1:9000\n",
          stdout);
    fputs(exit_codes, stdout);
}

void help_stat(void)
{
    fputs(
        "Usage: tenon stat [--json] PID | PATH\n"
        "\n"
        "Shows what a running program does with the library, or with its drop-in for libzmq: each\n"
        "context, socket, endpoint and peer, queue lengths, and the messages dropped by reason.\n"
        "The program must have been started with TENON_CONTROL in its environment, or with a line\n"
        "`control = ...` in its plugins.d:\n"
        "  a directory  it listens there as tenon-PID.sock; for any number of programs\n"
        "  a path       it listens at that path, or with .PID behind it if another one does\n"
        "Only the program's own user, and root, get an answer.\n"
        "\n"
        "Options:\n"
        "      --json               for programs\n"
        "  -h, --help               this text\n"
        "\n"
        "Examples:\n"
        "  TENON_CONTROL=/run/user/1000 tenon pull --bind tcp://*:5557 &\n"
        "  tenon stat $!\n"
        "  tenon stat --json /run/user/1000/tenon-4711.sock\n",
        stdout);
    fputs(exit_codes, stdout);
}

# What the manual page of ZMQ::FFI shows, one scenario per run: ffi.pl NAME
use strict;
use warnings;
use Errno qw(EAGAIN EINVAL EHOSTUNREACH EADDRINUSE);
use IO::Select;
use Test::More;
use ZMQ::FFI qw(:all);
use ZMQ::FFI::Util qw(zmq_soname zmq_version);

my $work = $$;    # ipc endpoints are relative to a folder of this run's own
my $ctx = ZMQ::FFI->new();

sub socket_of {
    my ($type) = @_;
    my $socket = $ctx->socket($type);
    $socket->set(ZMQ_RCVTIMEO, 'int', 10_000);
    $socket->set(ZMQ_SNDTIMEO, 'int', 10_000);
    return $socket;
}

# The descriptor is edge triggered: readable means "look at the events".
sub wait_for {
    my ($socket) = @_;
    my $handle = IO::Select->new;
    # A copy, for Perl closes it.
    open(my $fd, '<&', $socket->get_fd) or die "fd: $!";
    $handle->add($fd);
    for (1 .. 100) {
        return 1 if $socket->has_pollin;
        $handle->can_read(0.1);
    }
    return 0;
}

my %scenarios = (
    maps => sub {
        open(my $maps, '<', '/proc/self/maps') or die $!;
        print while <$maps>;
        pass('maps');
    },

    send_recv => sub {
        my $endpoint = "ipc://zmq-ffi-$work";
        my $s1 = socket_of(ZMQ_REQ);
        $s1->connect($endpoint);
        my $s2 = socket_of(ZMQ_REP);
        $s2->bind($endpoint);
        for my $body ('ohhai', '', "\0\x{ff}" x 100, 'x' x 1_000_000) {
            $s1->send($body);
            ok($s2->recv() eq $body, 'request of ' . length $body);
            $s2->send($body);
            ok($s1->recv() eq $body, 'reply of ' . length $body);
        }
    },

    pubsub => sub {
        my $endpoint = "ipc://zmq-ffi-$work";
        my $s = socket_of(ZMQ_SUB);
        my $p = socket_of(ZMQ_PUB);
        $s->connect($endpoint);
        $p->bind($endpoint);
        $s->subscribe('');
        until ($s->has_pollin) {
            $p->send('ohhai');
            select(undef, undef, undef, 0.02);
        }
        is($s->recv(), 'ohhai', 'everything');
        $s->unsubscribe('');
        while ($s->has_pollin) { $s->recv() }
        $s->subscribe('topic1');
        $s->subscribe('topic2');
        my %seen;
        until (keys %seen == 2) {
            $p->send("topic$_ ohhai") for 1 .. 3;
            select(undef, undef, undef, 0.02);
            while ($s->has_pollin) {
                my $message = $s->recv();
                $seen{$message} = 1 if $message ne 'ohhai';
            }
        }
        is_deeply([sort keys %seen], ['topic1 ohhai', 'topic2 ohhai'], 'two topics of three');
    },

    multipart => sub {
        my $endpoint = "ipc://zmq-ffi-$work";
        my $d = socket_of(ZMQ_DEALER);
        $d->set_identity('dealer');
        is($d->get_identity, 'dealer', 'identity');
        my $r = socket_of(ZMQ_ROUTER);
        $d->connect($endpoint);
        $r->bind($endpoint);
        $d->send_multipart([qw(ABC DEF GHI)]);
        is_deeply([$r->recv_multipart], [qw(dealer ABC DEF GHI)], 'to the ROUTER');
        $r->send_multipart(['dealer', '', 'back']);
        is_deeply([$d->recv_multipart], ['', 'back'], 'back to the DEALER');
    },

    descriptor => sub {
        my $endpoint = "tcp://127.0.0.1:*";
        my $pull = socket_of(ZMQ_PULL);
        $pull->bind($endpoint);
        my $push = socket_of(ZMQ_PUSH);
        $push->connect($pull->get(ZMQ_LAST_ENDPOINT, 'string'));
        my @got;
        for my $message (qw(foo bar baz)) {
            $push->send($message);
            ok(wait_for($pull), "readable for $message");
            push @got, $pull->recv() while $pull->has_pollin;
        }
        is_deeply(\@got, [qw(foo bar baz)], 'in order');
    },

    options => sub {
        my $s = $ctx->socket(ZMQ_ROUTER);
        is($s->get_linger, 0, 'the binding sets no linger');
        $s->set_linger(123);
        is($s->get(ZMQ_LINGER, 'int'), 123, 'linger');
        is($s->get(ZMQ_SNDHWM, 'int'), 1000, 'default of SNDHWM');
        $s->set(ZMQ_SNDHWM, 'int', 7);
        is($s->get(ZMQ_SNDHWM, 'int'), 7, 'SNDHWM');
        is($s->get(ZMQ_MAXMSGSIZE, 'int64_t'), -1, 'default of MAXMSGSIZE');
        $s->set(ZMQ_AFFINITY, 'uint64_t', 1);
        is($s->get(ZMQ_AFFINITY, 'uint64_t'), 1, 'AFFINITY');
        is($s->get(ZMQ_TYPE, 'int'), ZMQ_ROUTER, 'type');
        $s->set(ZMQ_IDENTITY, 'binary', "a\0b");
        is($s->get(ZMQ_IDENTITY, 'binary'), "a\0b", 'binary identity');
        $s->set_linger(0);
        ok(!eval { $s->get(12345, 'int'); 1 }, 'no such option');
        like($@, qr/Invalid argument/, 'and says so');
    },

    context => sub {
        my ($major, $minor) = $ctx->version;
        is("$major.$minor", '4.3', 'version');
        is_deeply([zmq_version(zmq_soname())], [$ctx->version], 'version of the file');
        is($ctx->get(ZMQ_IO_THREADS), 1, 'threads');
        $ctx->set(ZMQ_MAX_SOCKETS, 2);
        is($ctx->get(ZMQ_MAX_SOCKETS), 2, 'most sockets');
        my @two = map { $ctx->socket(ZMQ_PAIR) } 1 .. 2;
        ok(!eval { $ctx->socket(ZMQ_PAIR); 1 }, 'a third one');
        like($@, qr/Too many open files/, 'and says so');
        undef @two;
        my $other = ZMQ::FFI->new(threads => 3, max_sockets => 5);
        is($other->get(ZMQ_IO_THREADS), 3, 'three threads');
        is($other->get(ZMQ_MAX_SOCKETS), 5, 'five sockets');
        $other->destroy;
    },

    errors => sub {
        ok(!eval { $ctx->socket(-1); 1 }, 'no such type');
        like($@, qr/zmq_socket: Invalid argument/, 'and says so');
        my $s = $ctx->socket(ZMQ_DEALER);
        ok(!eval { $s->bind('nonsense'); 1 }, 'not an endpoint');
        like($@, qr/zmq_bind: Invalid argument/, 'and says so');
        ok(!eval { $s->connect('frob://x'); 1 }, 'not a protocol');
        like($@, qr/zmq_connect: Protocol not supported/, 'and says so');
        $s->bind('tcp://127.0.0.1:*');
        my $where = $s->get(ZMQ_LAST_ENDPOINT, 'string');
        $s->die_on_error(0);
        ok(!defined $s->recv(ZMQ_DONTWAIT), 'nothing there');
        is($s->last_errno, EAGAIN, 'EAGAIN');
        ok($s->has_error, 'has_error');
        like($s->last_strerror, qr/Resource temporarily unavailable/, 'its text');
        my $t = $ctx->socket(ZMQ_DEALER);
        $t->die_on_error(0);
        $t->bind($where);
        is($t->last_errno, EADDRINUSE, 'EADDRINUSE');
        my $r = $ctx->socket(ZMQ_ROUTER);
        $r->set(ZMQ_ROUTER_MANDATORY, 'int', 1);
        $r->die_on_error(0);
        $r->send('nobody', ZMQ_SNDMORE);
        is($r->last_errno, EHOSTUNREACH, 'EHOSTUNREACH');
        $s->unbind($where);
        ok(!$s->has_error, 'unbind');
        $s->disconnect('tcp://127.0.0.1:1');
        ok($s->has_error, 'was not connected');
    },

    proxy => sub {
        my ($front, $back) = map { "ipc://zmq-ffi-$work-$_" } qw(front back);
        my $child = fork // die "fork: $!";
        if ($child == 0) {
            my $own = ZMQ::FFI->new();
            my ($pull, $push) = ($own->socket(ZMQ_PULL), $own->socket(ZMQ_PUSH));
            $pull->bind($front);
            $push->bind($back);
            $own->proxy($pull, $push);
            exit 0;
        }
        my $push = socket_of(ZMQ_PUSH);
        my $pull = socket_of(ZMQ_PULL);
        $push->connect($front);
        $pull->connect($back);
        $push->send_multipart([$_, $_ * 2]) for 1 .. 100;
        is_deeply([$pull->recv_multipart], [$_, $_ * 2], "message $_") for 1 .. 100;
        kill TERM => $child;
        waitpid $child, 0;
    },

    fork_child => sub {
        my $s = socket_of(ZMQ_PULL);
        $s->bind("ipc://zmq-ffi-$work");
        my $child = fork // die "fork: $!";
        if ($child == 0) {
            # What it inherited stays the parent's; a context of its own works.
            my $own = ZMQ::FFI->new();
            my $push = $own->socket(ZMQ_PUSH);
            $push->set_linger(5000);
            $push->connect("ipc://zmq-ffi-$work");
            $push->send('from the child');
            undef $push;
            undef $own;
            exit 0;
        }
        is($s->recv(), 'from the child', 'message');
        waitpid $child, 0;
        is($?, 0, 'the child ended well');
    },

    monitor => sub {
        my $s = socket_of(ZMQ_REP);
        $s->monitor('inproc://watch', ZMQ_EVENT_LISTENING | ZMQ_EVENT_ACCEPTED);
        my $watch = socket_of(ZMQ_PAIR);
        $watch->connect('inproc://watch');
        $s->bind('tcp://127.0.0.1:*');
        my $where = $s->get(ZMQ_LAST_ENDPOINT, 'string');
        my ($id, $value, $endpoint) = $watch->recv_event();
        is($id, ZMQ_EVENT_LISTENING, 'listening');
        is($endpoint, $where =~ s/\0//r, 'where');
        my $c = socket_of(ZMQ_REQ);
        $c->connect($where);
        ($id) = $watch->recv_event();
        is($id, ZMQ_EVENT_ACCEPTED, 'accepted');
    },

    utilities => sub {
        is($ctx->has_capability('ipc'), 1, 'ipc');
        is($ctx->has_capability('nonsense'), 0, 'nonsense');
        # RFC 32's example, as often as a key is long.
        my $binary = pack('C*', 0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b) x 4;
        my $text = 'HelloWorld' x 4;
        is($ctx->z85_encode($binary), "$text\0", 'z85 to text');
        is($ctx->z85_decode($text), $binary, 'z85 from text');
    },

    curve => sub {
        plan skip_all => 'no curve' unless $ctx->has_capability('curve');
        my ($public, $secret) = $ctx->curve_keypair();
        my ($mine, $my_secret) = $ctx->curve_keypair();
        my $server = socket_of(ZMQ_REP);
        $server->set(ZMQ_CURVE_SERVER, 'int', 1);
        $server->set(ZMQ_CURVE_SECRETKEY, 'string', $secret);
        $server->bind('tcp://127.0.0.1:*');
        my $client = socket_of(ZMQ_REQ);
        $client->set(ZMQ_CURVE_SERVERKEY, 'string', $public);
        $client->set(ZMQ_CURVE_PUBLICKEY, 'string', $mine);
        $client->set(ZMQ_CURVE_SECRETKEY, 'string', $my_secret);
        $client->connect($server->get(ZMQ_LAST_ENDPOINT, 'string'));
        $client->send('secret');
        is($server->recv(), 'secret', 'request');
        $server->send('reply');
        is($client->recv(), 'reply', 'reply');
    },
);

my $name = shift // 'list';
if ($name eq 'list') {
    print "$_\n" for sort grep { $_ ne 'maps' } keys %scenarios;
    exit 0;
}
subtest $name => $scenarios{$name};
done_testing;

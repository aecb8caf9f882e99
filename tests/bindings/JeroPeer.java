/* JeroMQ's side of tests/bindings/jeromq_side.py, which says what to do on standard input:
 *
 *   bind TYPE ROLE            -> "PORT n", then as below
 *   connect TYPE ROLE PORT    -> "OK" or "FAIL why" when the conversation is over
 *
 * Roles: "ask" sends each message and wants it back; "answer" sends back what comes; "send" sends each
 * message; "receive" wants each message; "publish" sends all messages again and again until it is told
 * to stop. */
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.zeromq.ZMQ;

class JeroPeer {
    static final int LIMIT = 5000;
    static final int[] SIZES = {0, 1, 33, 254, 255, 256, 8191, 8192, 70000};
    static final List<String> TYPES =
        Arrays.asList("PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB");

    static byte[] text(String text) {
        return text.getBytes();
    }

    /* The messages of a conversation; those of both sides are the same. */
    static List<List<byte[]>> messages() {
        List<List<byte[]>> all = new ArrayList<>();
        for (int i = 0; i < SIZES.length; i++) {
            byte[] body = new byte[SIZES[i]];
            Arrays.fill(body, (byte) ('a' + i));
            all.add(Arrays.asList(text("topic"), body));
            all.add(Arrays.asList(text("topic"), body, new byte[0], body));
        }
        return all;
    }

    static void send(ZMQ.Socket socket, List<byte[]> frames) {
        for (int i = 0; i < frames.size(); i++)
            if (!socket.send(frames.get(i), i + 1 < frames.size() ? ZMQ.SNDMORE : 0))
                throw new RuntimeException("could not send");
    }

    static List<byte[]> receive(ZMQ.Socket socket) {
        List<byte[]> frames = new ArrayList<>();
        do {
            byte[] frame = socket.recv(0);
            if (frame == null)
                throw new RuntimeException("nothing was received");
            frames.add(frame);
        } while (socket.hasReceiveMore());
        return frames;
    }

    static boolean equal(List<byte[]> one, List<byte[]> other) {
        boolean same = one.size() == other.size();
        for (int i = 0; same && i < one.size(); i++)
            same = Arrays.equals(one.get(i), other.get(i));
        return same;
    }

    static void want(List<byte[]> wanted, List<byte[]> got) {
        if (!equal(wanted, got))
            throw new RuntimeException(got.size() + " frames, not the " + wanted.size() + " wanted");
    }

    /* A DEALER writes the delimiter itself. */
    static List<byte[]> enveloped(String type, List<byte[]> message) {
        List<byte[]> frames = new ArrayList<>();
        if (type.equals("DEALER"))
            frames.add(new byte[0]);
        frames.addAll(message);
        return frames;
    }

    static void converse(ZMQ.Socket socket, String type, String role, BufferedReader in) throws Exception {
        switch (role) {
        case "ask":
            for (List<byte[]> message : messages()) {
                send(socket, enveloped(type, message));
                want(enveloped(type, message), receive(socket));
            }
            break;
        case "answer":
            for (List<byte[]> message : messages())
                send(socket, receive(socket));
            break;
        case "send":
            for (List<byte[]> message : messages())
                send(socket, message);
            break;
        case "receive":
            List<List<byte[]>> all = messages();
            /* A publisher begins anywhere. */
            while (!equal(all.get(0), receive(socket)))
                continue;
            for (List<byte[]> message : all.subList(1, all.size()))
                want(message, receive(socket));
            break;
        case "publish":
            while (!in.ready()) {
                for (List<byte[]> message : messages())
                    send(socket, message);
                Thread.sleep(20);
            }
            in.readLine();
            break;
        default:
            throw new RuntimeException("no such role");
        }
    }

    static ZMQ.Socket open(ZMQ.Context context, String type) {
        ZMQ.Socket socket = context.socket(TYPES.indexOf(type));
        socket.setLinger(LIMIT);
        socket.setReceiveTimeOut(LIMIT);
        socket.setSendTimeOut(LIMIT);
        if (!type.equals("SUB") && !type.equals("XSUB"))
            socket.setIdentity(text("java"));
        return socket;
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        ZMQ.Context context = ZMQ.context(1);
        String line;
        System.out.println("READY");
        while ((line = in.readLine()) != null) {
            String[] words = line.split(" ");
            ZMQ.Socket socket = open(context, words[1]);
            try {
                if (words[0].equals("bind"))
                    System.out.println("PORT " + socket.bindToRandomPort("tcp://127.0.0.1"));
                else
                    socket.connect("tcp://127.0.0.1:" + words[3]);
                if (words[1].equals("SUB"))
                    socket.subscribe(text("topic"));
                if (words[1].equals("XSUB"))
                    socket.send(text("\001topic"), 0);
                converse(socket, words[1], words[2], in);
                System.out.println("OK");
            } catch (Exception problem) {
                System.out.println("FAIL " + problem);
            }
            socket.close();
        }
        context.term();
    }
}

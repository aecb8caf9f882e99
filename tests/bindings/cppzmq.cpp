/* Debian's zmq.hpp, unmodified, over whichever libzmq.so.5 is found: cppzmq NAME runs one scenario,
 * cppzmq all every one, cppzmq list names them. */
#include <atomic>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <set>
#include <thread>
#include <unistd.h>
#include <vector>

#include <zmq.hpp>
#include <zmq_addon.hpp>

namespace {

void check_that(bool is_true, const char *what, int line)
{
    if (!is_true)
        throw std::runtime_error("line " + std::to_string(line) + ": " + what);
}
#define CHECK(expression) check_that(expression, #expression, __LINE__)

zmq::socket_t open_socket(zmq::context_t &context, zmq::socket_type type)
{
    zmq::socket_t socket(context, type);
    socket.set(zmq::sockopt::linger, 1000);
    socket.set(zmq::sockopt::rcvtimeo, 10000);
    socket.set(zmq::sockopt::sndtimeo, 10000);
    return socket;
}

std::string bind_somewhere(zmq::socket_t &socket)
{
    socket.bind("tcp://127.0.0.1:*");
    return socket.get(zmq::sockopt::last_endpoint);
}

std::string receive(zmq::socket_t &socket)
{
    zmq::message_t message;
    CHECK(socket.recv(message).has_value());
    return message.to_string();
}

template <typename Function> int error_of(Function function)
{
    try {
        function();
    } catch (const zmq::error_t &error) {
        return error.num();
    }
    return 0;
}

void contexts()
{
    zmq::context_t context;
    CHECK(context.get(zmq::ctxopt::io_threads) == 1);
    context.set(zmq::ctxopt::io_threads, 2);
    CHECK(context.get(zmq::ctxopt::io_threads) == 2);
    context.set(zmq::ctxopt::max_sockets, 1);
    zmq::socket_t only(context, zmq::socket_type::pair);
    CHECK(error_of([&] { zmq::socket_t(context, zmq::socket_type::pair); }) == EMFILE);
    zmq::context_t moved(std::move(context));
    CHECK(!context.handle() && moved.handle());
    moved.shutdown();
    zmq::message_t message;
    CHECK(error_of([&] { (void)only.recv(message); }) == ETERM);
    only.close();
    moved.close();
    CHECK(error_of([] { zmq::socket_t(*std::make_unique<zmq::context_t>(), -1); }) == EINVAL);
}

void request_reply()
{
    zmq::context_t context;
    auto rep = open_socket(context, zmq::socket_type::rep);
    auto req = open_socket(context, zmq::socket_type::req);
    req.connect(bind_somewhere(rep));
    for (size_t size : {0, 1, 33, 255, 256, 100000}) {
        std::string body(size, 'b');
        CHECK(req.send(zmq::buffer(body)) == size);
        CHECK(error_of([&] { req.send(zmq::buffer(body)); }) == EFSM);
        CHECK(receive(rep) == body);
        CHECK(rep.send(zmq::buffer(body)) == size);
        CHECK(receive(req) == body);
    }
    zmq::message_t none;
    CHECK(!rep.recv(none, zmq::recv_flags::dontwait));
}

void messages()
{
    static std::atomic<int> freed;
    static char data[] = "not copied";
    {
        zmq::message_t message(data, sizeof(data), [](void *, void *) { freed++; });
        zmq::message_t copy;
        copy.copy(message);
        CHECK(copy == message && copy.data() == message.data());
        zmq::message_t moved(std::move(copy));
        CHECK(copy.size() == 0 && moved.size() == sizeof(data));
        CHECK(freed == 0);
    }
    CHECK(freed == 1);
    zmq::message_t small("abc", 3);
    CHECK(small.to_string() == "abc" && !small.more());

    zmq::context_t context;
    auto push = open_socket(context, zmq::socket_type::push);
    auto pull = open_socket(context, zmq::socket_type::pull);
    push.connect(bind_somewhere(pull));
    push.send(zmq::message_t(data, sizeof(data), [](void *, void *) { freed++; }),
              zmq::send_flags::none);
    zmq::message_t got;
    CHECK(pull.recv(got).has_value());
    CHECK(std::string(got.gets("Socket-Type")) == "PUSH");
    CHECK(std::string(got.gets("Peer-Address")) == "127.0.0.1");
    CHECK(error_of([&] { got.gets("Nothing"); }) == EINVAL);
    push.close();
    for (int i = 0; i < 1000 && freed < 2; i++)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    CHECK(freed == 2);
}

void multipart()
{
    zmq::context_t context;
    auto router = open_socket(context, zmq::socket_type::router);
    auto dealer = open_socket(context, zmq::socket_type::dealer);
    dealer.set(zmq::sockopt::routing_id, "cpp");
    dealer.connect(bind_somewhere(router));
    std::array<zmq::const_buffer, 2> parts = {zmq::str_buffer("foo"), zmq::str_buffer("bar!")};
    CHECK(zmq::send_multipart(dealer, parts) == 2u);
    std::vector<zmq::message_t> got;
    CHECK(zmq::recv_multipart(router, std::back_inserter(got)) == 3u);
    CHECK(got[0].to_string() == "cpp" && got[2].to_string() == "bar!");
    CHECK(zmq::send_multipart(router, got).has_value());
    zmq::multipart_t back;
    CHECK(back.recv(dealer));
    CHECK(back.size() == 2 && back.popstr() == "foo" && back.popstr() == "bar!");
}

void publish_subscribe()
{
    zmq::context_t context(0);
    auto xpub = open_socket(context, zmq::socket_type::xpub);
    auto sub = open_socket(context, zmq::socket_type::sub);
    xpub.bind("inproc://publisher");
    sub.connect("inproc://publisher");
    sub.set(zmq::sockopt::subscribe, "A");
    CHECK(receive(xpub) == std::string("\1A"));
    xpub.send(zmq::str_buffer("B no"));
    xpub.send(zmq::str_buffer("A yes"));
    CHECK(receive(sub) == "A yes");
    sub.set(zmq::sockopt::unsubscribe, "A");
    CHECK(receive(xpub) == std::string("\0A", 2));
}

void options()
{
    zmq::context_t context;
    zmq::socket_t socket(context, zmq::socket_type::router);
    CHECK(socket.get(zmq::sockopt::linger) == -1);
    CHECK(socket.get(zmq::sockopt::sndhwm) == 1000);
    CHECK(socket.get(zmq::sockopt::maxmsgsize) == -1);
    CHECK(socket.get(zmq::sockopt::type) == static_cast<int>(zmq::socket_type::router));
    socket.set(zmq::sockopt::routing_id, "some id");
    CHECK(socket.get(zmq::sockopt::routing_id) == "some id");
    socket.set(zmq::sockopt::ipv6, true);
    CHECK(socket.get(zmq::sockopt::ipv6));
    socket.set(zmq::sockopt::router_mandatory, true);
    CHECK(error_of([&] { socket.send(zmq::str_buffer("who"), zmq::send_flags::sndmore); }) ==
          EHOSTUNREACH);
    CHECK(socket.get(zmq::sockopt::rcvmore) == 0);
    CHECK(socket.get(zmq::sockopt::events) == 0 || socket.get(zmq::sockopt::events) == ZMQ_POLLOUT);
    CHECK(error_of([&] { socket.bind("nonsense"); }) == EINVAL);
    CHECK(error_of([&] { socket.connect("frob://x"); }) == EPROTONOSUPPORT);
    CHECK(error_of([&] { socket.unbind("tcp://127.0.0.1:1"); }) == ENOENT);
}

void poll()
{
    zmq::context_t context;
    auto pull = open_socket(context, zmq::socket_type::pull);
    auto push = open_socket(context, zmq::socket_type::push);
    int ends[2];
    CHECK(pipe(ends) == 0);
    zmq::pollitem_t items[] = {{pull.handle(), 0, ZMQ_POLLIN, 0}, {nullptr, ends[0], ZMQ_POLLIN, 0}};
    CHECK(zmq::poll(items, 2, std::chrono::milliseconds(0)) == 0);
    CHECK(write(ends[1], "x", 1) == 1);
    CHECK(zmq::poll(items, 2, std::chrono::milliseconds(10000)) == 1);
    CHECK(items[1].revents == ZMQ_POLLIN && items[0].revents == 0);
    push.connect(bind_somewhere(pull));
    push.send(zmq::str_buffer("y"));
    items[1].events = 0;
    CHECK(zmq::poll(items, 2, std::chrono::milliseconds(10000)) == 1);
    CHECK(items[0].revents == ZMQ_POLLIN);
    close(ends[0]);
    close(ends[1]);
}

class Monitor : public zmq::monitor_t {
  public:
    std::set<std::string> seen;
    void on_monitor_started() override { seen.insert("started"); }
    void on_event_listening(const zmq_event_t &, const char *) override { seen.insert("listening"); }
    void on_event_accepted(const zmq_event_t &, const char *) override { seen.insert("accepted"); }
    void on_event_handshake_succeeded(const zmq_event_t &, const char *) override
    {
        seen.insert("handshake");
    }
    void on_event_disconnected(const zmq_event_t &, const char *) override
    {
        seen.insert("disconnected");
    }
    bool see(const char *what)
    {
        while (!seen.count(what) && check_event(10000))
            continue;
        return seen.count(what) == 1;
    }
};

void monitor()
{
    zmq::context_t context;
    auto pull = open_socket(context, zmq::socket_type::pull);
    Monitor monitor;
    monitor.init(pull, "inproc://monitor", ZMQ_EVENT_ALL);
    CHECK(monitor.see("started"));
    std::string endpoint = bind_somewhere(pull);
    CHECK(monitor.see("listening"));
    {
        auto push = open_socket(context, zmq::socket_type::push);
        push.connect(endpoint);
        CHECK(monitor.see("accepted"));
        CHECK(monitor.see("handshake"));
    }
    CHECK(monitor.see("disconnected"));
    monitor.abort();
}

void proxy_steerable()
{
    zmq::context_t context;
    auto front = open_socket(context, zmq::socket_type::router);
    auto back = open_socket(context, zmq::socket_type::dealer);
    auto control = open_socket(context, zmq::socket_type::pair);
    auto steer = open_socket(context, zmq::socket_type::pair);
    std::string front_endpoint = bind_somewhere(front), back_endpoint = bind_somewhere(back);
    control.bind("inproc://control");
    steer.connect("inproc://control");
    control.set(zmq::sockopt::rcvtimeo, -1);
    std::thread thread([&] { zmq::proxy_steerable(front, back, zmq::socket_ref(), control); });
    auto req = open_socket(context, zmq::socket_type::req);
    auto rep = open_socket(context, zmq::socket_type::rep);
    req.connect(front_endpoint);
    rep.connect(back_endpoint);
    for (int i = 0; i < 10; i++) {
        req.send(zmq::str_buffer("ping"));
        CHECK(receive(rep) == "ping");
        rep.send(zmq::str_buffer("pong"));
        CHECK(receive(req) == "pong");
    }
    steer.send(zmq::str_buffer("TERMINATE"));
    thread.join();
}

void threads()
{
    zmq::context_t context(0);
    auto sink = open_socket(context, zmq::socket_type::pull);
    sink.bind("inproc://sink");
    std::vector<std::thread> workers;
    for (int i = 0; i < 4; i++) {
        workers.emplace_back([&context] {
            auto push = open_socket(context, zmq::socket_type::push);
            push.connect("inproc://sink");
            for (int n = 0; n < 1000; n++)
                push.send(zmq::buffer(&n, sizeof(n)));
        });
    }
    for (int n = 0; n < 4000; n++)
        CHECK(receive(sink).size() == sizeof(int));
    for (auto &worker : workers)
        worker.join();
}

#ifdef ZMQ_BUILD_DRAFT_API
void poller()
{
    zmq::context_t context;
    auto pull = open_socket(context, zmq::socket_type::pull);
    auto push = open_socket(context, zmq::socket_type::push);
    push.connect(bind_somewhere(pull));
    zmq::poller_t<int> poller;
    int tag = 0;
    std::vector<zmq::poller_event<int>> events(2);
    poller.add(pull, zmq::event_flags::pollin, &tag);
    CHECK(poller.size() == 1);
    CHECK(poller.wait_all(events, std::chrono::milliseconds(0)) == 0);
    push.send(zmq::str_buffer("x"));
    CHECK(poller.wait_all(events, std::chrono::milliseconds(10000)) == 1);
    CHECK(events[0].socket == pull && events[0].user_data == &tag);
    CHECK(events[0].events == zmq::event_flags::pollin);
    CHECK(error_of([&] { poller.add(pull, zmq::event_flags::pollin, &tag); }) == EINVAL);
    poller.modify(pull, zmq::event_flags::none);
    CHECK(poller.wait_all(events, std::chrono::milliseconds(0)) == 0);
    poller.remove(pull);
    CHECK(error_of([&] { poller.remove(pull); }) == EINVAL);
    CHECK(poller.size() == 0);
}

void active_poller()
{
    zmq::context_t context;
    auto server = open_socket(context, zmq::socket_type::router);
    auto client = open_socket(context, zmq::socket_type::req);
    client.connect(bind_somewhere(server));
    zmq::active_poller_t poller;
    int served = 0, answered = 0;
    poller.add(server, zmq::event_flags::pollin, [&](zmq::event_flags) {
        zmq::multipart_t request(server);
        request.send(server);
        served++;
    });
    poller.add(client, zmq::event_flags::pollin, [&](zmq::event_flags) {
        CHECK(receive(client) == "again");
        answered++;
    });
    for (int i = 0; i < 10; i++) {
        client.send(zmq::str_buffer("again"));
        while (answered <= i)
            CHECK(poller.wait(std::chrono::milliseconds(10000)) > 0);
    }
    CHECK(served == 10 && poller.size() == 2);
    poller.remove(client);
    CHECK(poller.wait(std::chrono::milliseconds(0)) == 0);
}

void client_server()
{
    zmq::context_t context;
    auto server = open_socket(context, zmq::socket_type::server);
    auto client = open_socket(context, zmq::socket_type::client);
    client.connect(bind_somewhere(server));
    client.send(zmq::str_buffer("question"));
    zmq::message_t message;
    CHECK(server.recv(message).has_value());
    CHECK(message.routing_id() != 0);
    CHECK(server.send(message, zmq::send_flags::none).has_value());
    CHECK(receive(client) == "question");
}

void radio_dish()
{
    zmq::context_t context;
    auto radio = open_socket(context, zmq::socket_type::radio);
    auto dish = open_socket(context, zmq::socket_type::dish);
    radio.bind("inproc://radio");
    dish.connect("inproc://radio");
    dish.join("group");
    CHECK(error_of([&] { dish.join("group"); }) == EINVAL);
    dish.set(zmq::sockopt::rcvtimeo, 10);
    zmq::message_t got;
    do {
        zmq::message_t message("body", 4);
        message.set_group("group");
        radio.send(message, zmq::send_flags::none);
    } while (!dish.recv(got));
    CHECK(got.to_string() == "body" && std::string(got.group()) == "group");
    dish.leave("group");
}
#endif

const std::map<std::string, std::function<void()>> scenarios = {
    {"contexts", contexts},
    {"request_reply", request_reply},
    {"messages", messages},
    {"multipart", multipart},
    {"publish_subscribe", publish_subscribe},
    {"options", options},
    {"poll", poll},
    {"monitor", monitor},
    {"proxy_steerable", proxy_steerable},
    {"threads", threads},
#ifdef ZMQ_BUILD_DRAFT_API
    {"poller", poller},
    {"active_poller", active_poller},
    {"client_server", client_server},
    {"radio_dish", radio_dish},
#endif
};

int run(const std::string &name)
{
    try {
        scenarios.at(name)();
    } catch (const std::exception &error) {
        std::cout << name << ": " << error.what() << std::endl;
        return 1;
    }
    std::cout << name << ": passed" << std::endl;
    return 0;
}

} // namespace

int main(int argc, char **argv)
{
    std::string name = argc == 2 ? argv[1] : "list";
    int failed = 0;

    if (name == "maps")
        std::cout << std::ifstream("/proc/self/maps").rdbuf();
    else if (name == "list")
        for (const auto &scenario : scenarios)
            std::cout << scenario.first << std::endl;
    else if (name == "all")
        for (const auto &scenario : scenarios)
            failed |= run(scenario.first);
    else
        failed = run(name);
    return failed;
}

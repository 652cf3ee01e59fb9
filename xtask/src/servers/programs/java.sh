start() {
    cat > Server.java <<C
import com.sun.net.httpserver.HttpServer;
public class Server {
    public static void main(String[] args) throws Exception {
        byte[] page = new byte[5000];
        HttpServer server = HttpServer.create(new java.net.InetSocketAddress("127.0.0.1", 8080), 0);
        server.createContext("/", call -> {
            call.sendResponseHeaders(200, page.length);
            call.getResponseBody().write(page);
            call.close();
        });
        server.setExecutor(java.util.concurrent.Executors.newFixedThreadPool(4));
        server.start();
    }
}
C
    java Server.java &
    reach 8080
}
load() { wrk -t 1 -c 32 -d 60 http://127.0.0.1:8080/; }
